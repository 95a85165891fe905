#include "tokenizer/import/rust_pattern.h"

#include <algorithm>
#include <vector>

#include "base/utf8.h"

namespace malmoi::tokenizer {
namespace {

// The end of the class that begins at `at` ('[').
size_t class_end(std::string_view text, size_t at) {
  size_t depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '\\') ++at;
    else if (text[at] == '[') ++depth;
    else if (text[at] == ']' && --depth == 0) return at + 1;
  }
  return text.size();
}

// The end of the escape that begins at `at` ('\\').
size_t escape_end(std::string_view text, size_t at) {
  size_t end = std::min(at + 2, text.size());
  if (end < text.size() && text[end] == '{') end = std::min(text.find('}', end), text.size() - 1) + 1;
  return end;
}

}  // namespace

std::string oniguruma_spelling(std::string_view rust) {
  std::string out;
  std::vector<size_t> groups;  // where open groups begin in `out`
  size_t atom = 0;             // where the last atom begins in `out`
  for (size_t at = 0; at < rust.size();) {
    const char c = rust[at];
    size_t end = at + 1;
    if (c == '{') {
      end = std::min(rust.find('}', at), rust.size() - 1) + 1;
      out += rust.substr(at, end - at);
      if (end < rust.size() && rust[end] == '+') {
        out.insert(atom, "(?>");
        out += ')';
        ++end;
      }
      at = end;
      continue;
    }
    const size_t begin = out.size();
    if (c == '\\') end = escape_end(rust, at);
    if (c == '[') end = class_end(rust, at);
    if (c == '$' || c == '^') {
      out += c == '$' ? "\\z" : "\\A";
    } else {
      out += rust.substr(at, end - at);
    }
    if (c == '(') {
      groups.push_back(begin);
    } else if (c == ')' && !groups.empty()) {
      atom = groups.back();
      groups.pop_back();
    } else if (c != '*' && c != '+' && c != '?') {
      // A character of several bytes is one atom: its later bytes do not begin one.
      if (!is_utf8_continuation(c)) atom = begin;
    }
    at = end;
  }
  return out;
}

}  // namespace malmoi::tokenizer
