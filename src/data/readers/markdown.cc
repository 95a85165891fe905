#include "data/readers/markdown.h"

#include <algorithm>
#include <cctype>
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

// Of backticks.
size_t longest_run(std::string_view code) {
  size_t longest = 0, run = 0;
  for (char c : code) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

// Which lines are code in a fence, or one; only as many backticks as opened a fence close it.
std::vector<char> find_code(const std::vector<std::string_view>& lines) {
  std::vector<char> code(lines.size(), 0);
  size_t open = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    size_t length = fence_length(lines[i]);
    code[i] = open > 0 || length > 0;
    if (open == 0) open = length;
    else if (length >= open) open = 0;
  }
  return code;
}

bool is_alphanumeric(std::string_view text, size_t at) {
  if (at >= text.size()) return false;
  auto byte = static_cast<unsigned char>(text[at]);
  return byte >= 0x80 || std::isalnum(byte);
}

}  // namespace

std::string escape_markdown(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    // Within a word an underscore marks nothing.
    bool in_word = c == '_' && i > 0 && is_alphanumeric(text, i - 1) && is_alphanumeric(text, i + 1);
    if (!in_word && std::string_view("\\`*_[]<>|~$&").find(c) != std::string_view::npos) out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

size_t fence_length(std::string_view line) {
  size_t length = std::min(line.find_first_not_of('`'), line.size());
  return length >= kShortestFence ? length : 0;
}

std::string code_fence(std::string_view code) {
  return std::string(std::max(longest_run(code) + 1, kShortestFence), '`');
}

std::string inline_code(std::string_view code) {
  std::string fence(longest_run(code) + 1, '`'), out = fence;
  const char* space = code.starts_with('`') || code.ends_with('`') ? " " : "";
  return (((out += space) += code) += space) += fence;
}

std::string drop_empty_sections(std::string_view text) {
  std::vector<std::string_view> lines = lines_of(text);
  std::vector<char> code = find_code(lines), keep(lines.size(), 1);
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
