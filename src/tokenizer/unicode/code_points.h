// The one loop of the tokenizers over the characters of a text: `for (const CodePoint c : CodePoints(text))`.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/utf8.h"

namespace malmoi::tokenizer {

constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

/// A character and where it stands: the bytes [begin, end) of its text. Ill-formed bytes are U+FFFD, as decode_utf8 has it.
struct CodePoint {
  char32_t value = 0;
  bool valid = true;
  size_t begin = 0, end = 0;

  size_t length() const { return end - begin; }
  std::string_view in(std::string_view text) const { return text.substr(begin, end - begin); }
};

/// The character at text[at]. Requires at < text.size().
inline CodePoint code_point_at(std::string_view text, size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return {byte, true, at, at + 1};
  const Utf8Char c = decode_utf8(text, at);
  return {c.code_point, c.valid, at, at + c.length};
}

/// The last character of valid UTF-8. Requires text not to be empty.
inline CodePoint last_code_point(std::string_view text) {
  size_t at = text.size() - 1;
  while (at > 0 && is_utf8_continuation(text[at])) --at;
  return code_point_at(text, at);
}

/// The characters of a text from a byte on. The text must stay where it is.
class CodePoints {
 public:
  struct End {};
  class Iterator {
   public:
    Iterator(std::string_view text, size_t at) : text_(text) { read(at); }
    const CodePoint& operator*() const { return current_; }
    Iterator& operator++() {
      read(current_.end);
      return *this;
    }
    bool operator!=(End) const { return current_.begin < text_.size(); }

   private:
    void read(size_t at) {
      if (at < text_.size()) current_ = code_point_at(text_, at);
      else current_.begin = at;
    }
    std::string_view text_;
    CodePoint current_;
  };

  explicit CodePoints(std::string_view text, size_t from = 0) : text_(text), from_(from) {}
  Iterator begin() const { return {text_, from_}; }
  End end() const { return {}; }

 private:
  std::string_view text_;
  size_t from_;
};

}  // namespace malmoi::tokenizer
