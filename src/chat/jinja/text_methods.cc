#include "chat/jinja/text_methods.h"

#include <algorithm>

#include "base/utf8.h"
#include "chat/jinja/unicode.h"

namespace malmoi::chat::jinja {
namespace {

size_t previous(std::string_view text, size_t end) {
  size_t begin = end - 1;
  while (begin > 0 && is_utf8_continuation(text[begin])) --begin;
  return begin;
}

}  // namespace

std::string_view stripped(std::string_view text, const std::string_view* chars, bool left, bool right) {
  auto goes = [&](std::string_view character) {
    return chars ? chars->find(character) != chars->npos : is_space(decode_utf8(character, 0).code_point);
  };
  while (left && !text.empty() && goes(text.substr(0, utf8_length(text[0])))) text.remove_prefix(utf8_length(text[0]));
  while (right && !text.empty()) {
    size_t begin = previous(text, text.size());
    if (!goes(text.substr(begin))) break;
    text = text.substr(0, begin);
  }
  return text;
}

Result<std::string_view> stripped(Run& run, std::string_view text, const Value* chars, const char* function, bool left,
                                  bool right) {
  if (!chars || chars->is_none()) return stripped(text, nullptr, left, right);
  MALMOI_ASSIGN(std::string_view all, text_argument(function, *chars));
  MALMOI_TRY(run.search(text, all));
  return stripped(text, &all, left, right);
}

std::vector<std::string_view> split_spaces(std::string_view text) { return split_spaces(text, -1, false); }

std::vector<std::string_view> split_spaces(std::string_view text, int64_t limit, bool from_right) {
  std::vector<std::string_view> parts;
  auto space_at = [&](size_t at) { return is_space(decode_utf8(text, at).code_point); };
  while (!(text = stripped(text, nullptr, !from_right, from_right)).empty()) {
    if (limit >= 0 && static_cast<int64_t>(parts.size()) == limit) {
      parts.push_back(stripped(text, nullptr, from_right, !from_right));
      break;
    }
    if (from_right) {
      size_t begin = text.size();
      while (begin > 0 && !space_at(previous(text, begin))) begin = previous(text, begin);
      parts.push_back(text.substr(begin));
      text = text.substr(0, begin);
    } else {
      size_t end = 0;
      while (end < text.size() && !space_at(end)) end += utf8_length(text[end]);
      parts.push_back(text.substr(0, end));
      text.remove_prefix(end);
    }
  }
  if (from_right) std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string_view> split_at(std::string_view text, std::string_view separator, int64_t limit,
                                       bool from_right) {
  std::vector<std::string_view> parts;
  while (limit < 0 || static_cast<int64_t>(parts.size()) < limit) {
    size_t found = from_right ? text.rfind(separator) : text.find(separator);
    if (found == text.npos) break;
    if (from_right) {
      parts.push_back(text.substr(found + separator.size()));
      text = text.substr(0, found);
    } else {
      parts.push_back(text.substr(0, found));
      text.remove_prefix(found + separator.size());
    }
  }
  parts.push_back(text);
  if (from_right) std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> lines;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    Utf8Char c = decode_utf8(text, at);
    size_t next = at + c.length;
    if (!is_line_end(c.code_point)) {
      at = next;
      continue;
    }
    if (c.code_point == U'\r' && next < text.size() && text[next] == '\n') ++next;
    lines.push_back(text.substr(begin, (keep_ends ? next : at) - begin));
    begin = at = next;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

char32_t last_character(std::string_view text) {
  return text.empty() ? 0 : decode_utf8(text, previous(text, text.size())).code_point;
}

Result<Value> mapped(Run& run, std::string_view text, bool markup, const Args& args, const char* function,
                     Mapping mapping) {
  MALMOI_TRY(check_count(function, args, 0, 0));
  run.step(text.size() / 8);
  return run.text(mapping(text), markup);
}

Result<std::string> replaced(Run& run, std::string_view text, std::string_view old, std::string_view replacement,
                             int64_t count) {
  MALMOI_TRY(run.search(text, old));
  size_t most = old.empty() ? count_code_points(text) + 1 : text.size() / old.size();
  if (count >= 0) most = std::min(most, static_cast<size_t>(count));
  size_t matches = old.empty() ? most : 0;
  for (size_t at = old.empty() ? text.npos : text.find(old); at != text.npos && matches < most;
       at = text.find(old, at + old.size()))
    ++matches;
  MALMOI_TRY(run.budget().room(replacement.size(), matches));
  std::string out;
  out.reserve(text.size() + matches * replacement.size() - matches * old.size());
  size_t at = 0;
  for (; matches > 0; --matches) {
    size_t found = old.empty() ? at : text.find(old, at);
    out.append(text, at, found - at);
    out += replacement;
    at = found + old.size();
    if (old.empty() && at < text.size()) {
      size_t length = utf8_length(text[at]);
      out.append(text, at, length);
      at += length;
    }
  }
  return out.append(text, std::min(at, text.size()));
}

Result<std::string> padded(Run& run, std::string_view text, int64_t left, int64_t right, std::string_view fill) {
  left = std::max<int64_t>(left, 0);
  right = std::max<int64_t>(right, 0);
  MALMOI_TRY(run.budget().room(fill.size(), static_cast<size_t>(left + right)));
  std::string out;
  out.reserve(text.size() + static_cast<size_t>(left + right) * fill.size());
  for (int64_t i = 0; i < left; ++i) out += fill;
  out += text;
  for (int64_t i = 0; i < right; ++i) out += fill;
  return out;
}

// Where the padding is odd, CPython puts the extra character to the left of odd widths.
Result<std::string> centred(Run& run, std::string_view text, int64_t width, std::string_view fill) {
  int64_t room = std::max<int64_t>(width - static_cast<int64_t>(count_code_points(text)), 0);
  int64_t left = room / 2 + (room & width & 1);
  return padded(run, text, left, room - left, fill);
}

}  // namespace malmoi::chat::jinja
