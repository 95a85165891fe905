#include "data/readers/markdown.h"

#include <algorithm>
#include <vector>

namespace malmoi::data {
namespace {

size_t heading_level(std::string_view line) {
  size_t level = line.find_first_not_of('#');
  return level != std::string_view::npos && level > 0 && level <= 6 && line[level] == ' ' ? level : 0;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace

std::string drop_empty_sections(std::string_view text) {
  std::vector<std::string_view> lines = lines_of(text);
  std::vector<char> code(lines.size(), 0), keep(lines.size(), 1);
  bool fenced = false;
  for (size_t i = 0; i < lines.size(); ++i) {
    bool fence = lines[i].starts_with("```");
    code[i] = fenced || fence;
    fenced ^= fence;
  }
  size_t next_level = 1;  // of the heading or end that follows; 0: text follows
  for (size_t i = lines.size(); i-- > 0;) {
    if (lines[i].empty()) continue;
    size_t level = code[i] ? 0 : heading_level(lines[i]);
    if (level && next_level && next_level <= level) keep[i] = 0;
    else next_level = level;
  }
  std::string out;
  size_t empty = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!keep[i]) continue;
    if (lines[i].empty() && !code[i]) {
      ++empty;
      continue;
    }
    if (!out.empty()) out.append(empty ? 2 : 1, '\n');
    empty = 0;
    out += lines[i];
  }
  return out;
}

}  // namespace malmoi::data
