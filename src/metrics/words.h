// Texts cut into words as sacreBLEU does before it counts (Post 2018), so that scores are those of papers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace malmoi::metrics {

/// How a text is cut. One line per rule in words.cc.
enum class WordRule {
  k13a,   // mteval-v13a's: punctuation of ASCII apart, but for that within numbers; the default of WMT
  kIntl,  // mteval-v14's: all of Unicode's punctuation and symbols apart
  kChar,  // each character that is not white space
  kNone,  // at white space alone
};

/// Requires valid UTF-8.
std::vector<std::string> split_words(std::string_view text, WordRule rule);

/// What Python's str.split() splits at.
bool is_white_space(char32_t c);
std::u32string code_points(std::string_view text);
std::string utf8(std::u32string_view text);
/// Each character's lower case.
std::u32string lower_case(std::u32string_view text);

}  // namespace malmoi::metrics
