#include "data/word_file.h"

#include <algorithm>

#include "base/ascii.h"

namespace malmoi::data {
namespace {

bool is_section(std::string_view line) { return line.size() > 2 && line.front() == '[' && line.back() == ']'; }

template <typename Visit>
void for_each_line(std::string_view file, const Visit& visit) {
  for (size_t begin = 0; begin < file.size();) {
    size_t end = std::min(file.find('\n', begin), file.size());
    std::string_view line = ascii_trim(file.substr(begin, end - begin));
    begin = end + 1;
    if (!line.empty() && line.front() != '#') visit(line);
  }
}

}  // namespace

std::vector<std::string_view> words_of(std::string_view file, std::string_view section) {
  std::vector<std::string_view> words;
  bool inside = false;
  for_each_line(file, [&](std::string_view line) {
    if (is_section(line)) inside = line.substr(1, line.size() - 2) == section;
    else if (inside) words.push_back(line.substr(line.front() == '\\'));
  });
  return words;
}

std::vector<std::string_view> sections_of(std::string_view file) {
  std::vector<std::string_view> names;
  for_each_line(file, [&](std::string_view line) {
    if (is_section(line)) names.push_back(line.substr(1, line.size() - 2));
  });
  return names;
}

}  // namespace malmoi::data
