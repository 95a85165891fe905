// The languages that bytes without a declared encoding are read in, and their common characters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace malmoi::data::internal {

/// Languages by how they are written. Thai is not among them: its bytes pair up as Korean too often to be told apart.
enum class Language : uint8_t {
  kKorean,
  kSimplified,
  kTraditional,
  kJapanese,
  kWestern,
  kCentral,
  kTurkish,
  kCyrillic,
  kGreek,
  kHebrew,
  kArabic,
};
constexpr size_t kLanguages = 11;

struct CommonCharacters {
  std::string_view characters;  // UTF-8
  double bits = 0;              // what one of them costs
};

std::span<const CommonCharacters> common_characters(Language language);

}  // namespace malmoi::data::internal
