// Personal data in text: finding the spans of eleven types, and replacing them. Korean first, English as well.
//
// Rules, not a model: shapes with every usual separator, checksums and dates, and words before or after. A type that
// can only be told by its context (accounts, passports, bare numbers) is found only where the context says so.
// Stateless, thread-safe, linear in the text's length.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace malmoi::data {

enum class PiiType : uint8_t {
  kRrn,     // resident registration number (주민등록번호)
  kArn,     // alien registration number (외국인등록번호)
  kBrn,     // business registration number (사업자등록번호)
  kDriver,  // driver's licence number
  kPassport,
  kPhone,
  kCard,
  kAccount,
  kEmail,
  kIp,
  kAddress,
};
inline constexpr size_t kPiiTypes = 11;

std::string_view pii_name(PiiType type);  // "RRN" ... "ADDRESS"
std::optional<PiiType> pii_type(std::string_view name);

/// Half-open byte range of the text.
struct PiiSpan {
  size_t begin = 0, end = 0;
  PiiType type{};
  bool checked = false;  // a check digit agrees; others are told by shape and context alone
};

struct PiiOptions {
  std::array<bool, kPiiTypes> enabled = {true, true, true, true, true, true, true, true, true, true, true};
};

/// The spans in order, not overlapping. Text that is not UTF-8 is searched as far as it can be.
std::vector<PiiSpan> find_pii(std::string_view text, const PiiOptions& options = {});

/// Byte offsets to code-point offsets, in order of the spans: begin, end, begin, end ...
std::vector<size_t> code_point_offsets(std::string_view text, const std::vector<PiiSpan>& spans);

enum class PiiAction : uint8_t {
  kPlaceholder,  // [PHONE]
  kPseudonym,    // [PHONE_3f9a1c02]: the same value gives the same name under one key (HMAC-SHA-256), and no way back
  kRemove,       // nothing
};

struct PiiReplacer {
  PiiAction action = PiiAction::kPlaceholder;
  std::string key;  // of kPseudonym; the value is reduced to its digits or lower-cased letters first
  std::string apply(std::string_view text, const std::vector<PiiSpan>& spans) const;
};

/// Counts by type, for reports. Holds no text.
struct PiiCounts {
  std::array<uint64_t, kPiiTypes> spans{};
  uint64_t documents = 0, documents_with_pii = 0;
  void add(const std::vector<PiiSpan>& spans);
  void merge(const PiiCounts& other);
};

}  // namespace malmoi::data
