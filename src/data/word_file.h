// Lists of words that people who speak a language can read and correct: text files beside the code, embedded in it.
//
// A line that begins with `#` says something about the file, `[name]` begins a section, every other line that is not
// empty is one entry, without the spaces around it. An entry that begins with one of the two is written with a `\` before.
#pragma once

#include <string_view>
#include <vector>

namespace malmoi::data {

/// The entries of a section, in order; none where there is no such section.
std::vector<std::string_view> words_of(std::string_view file, std::string_view section);

/// The names of the sections, in order.
std::vector<std::string_view> sections_of(std::string_view file);

}  // namespace malmoi::data
