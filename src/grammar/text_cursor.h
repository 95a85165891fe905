// A place in the text of a grammar or an expression, as its parsers move it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "grammar/limits.h"

namespace malmoi::grammar {

/// Over valid UTF-8, which must outlive it. `peek` and `take` give 0 at the end.
class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : text_(text) {}

  bool at_end() const { return offset_ >= text_.size(); }
  char peek(size_t ahead = 0) const { return offset_ + ahead < text_.size() ? text_[offset_ + ahead] : '\0'; }
  bool starts_with(std::string_view word) const { return text_.substr(offset_).starts_with(word); }
  bool skip(std::string_view word) {
    if (!starts_with(word)) return false;
    offset_ += word.size();
    return true;
  }
  void advance(size_t bytes) { offset_ = std::min(offset_ + bytes, text_.size()); }
  char32_t take() {
    if (at_end()) return 0;
    const Utf8Char character = decode_utf8(text_, offset_);
    offset_ += character.length;
    return character.code_point;
  }
  /// Exactly so many hexadecimal digits.
  std::optional<char32_t> take_hex(int digits) {
    char32_t value = 0;
    for (int i = 0; i < digits; ++i) {
      const int digit = hex_digit(peek(static_cast<size_t>(i)));
      if (digit < 0) return {};
      value = value * 16 + static_cast<char32_t>(digit);
    }
    advance(static_cast<size_t>(digits));
    return value;
  }
  /// Decimal digits; values above kMaxRepeat become kMaxRepeat + 1.
  std::optional<int32_t> take_number() {
    if (!is_digit(peek())) return {};
    int64_t value = 0;
    for (; is_digit(peek()); ++offset_) value = std::min<int64_t>(value * 10 + (peek() - '0'), kMaxRepeat + 1);
    return static_cast<int32_t>(value);
  }

  size_t offset() const { return offset_; }
  void set_offset(size_t offset) { offset_ = offset; }
  std::string_view text() const { return text_; }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

 private:
  static int hex_digit(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  }

  std::string_view text_;
  size_t offset_ = 0;
};

/// What stands between braces behind an expression.
struct Bounds {
  int32_t min, max;  // max: kUnbounded for none
};

}  // namespace malmoi::grammar
