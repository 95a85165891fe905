// HWP 5 as records: the streams of its compound file unpacked (Hancom, "Hangul document file formats 5.0").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/readers/office/office.h"

namespace malmoi::data::office {

/// One record. Those of a higher level that follow belong to it.
struct HwpRecord {
  int tag = 0, level = 0;
  std::string_view data;
  size_t family = 1;  // records: itself and those that belong to it

  /// Little-endian; 0 beyond the end.
  uint32_t u32(size_t at) const;
  uint16_t u16(size_t at) const;
  /// A string of UTF-16 units that its length stands before, at `at`, which moves behind it.
  std::u16string text(size_t& at) const;
};

enum HwpTag {
  kHwpNumbering = 23,
  kHwpParagraphShape = 25,
  kHwpStyle = 26,
  kHwpParagraph = 66,
  kHwpText = 67,
  kHwpControl = 71,
  kHwpList = 72,
  kHwpTable = 77,
  kHwpEquation = 88,
};

/// The records of a stream, up to where it is damaged.
std::vector<HwpRecord> split_records(std::string_view stream);

struct HwpStreams {
  std::string information;            // DocInfo
  std::vector<std::string> sections;  // in order
  std::vector<PartProblem> problems;  // sections that are damaged
};

/// Errors: a document of another program, a password, one made for distribution alone (kUnsupported, with the remedy);
/// damage, a bomb.
Result<HwpStreams> unpack_hwp(std::string_view bytes, const ReaderLimits& limits, const std::string& where);

}  // namespace malmoi::data::office
