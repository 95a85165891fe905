#include "chat/jinja/literals.h"

#include <cstdlib>

#include "base/utf8.h"
#include "chat/jinja/print.h"
#include "chat/jinja/text_methods.h"
#include "chat/jinja/unicode.h"

namespace malmoi::chat::jinja {
namespace {

int hex_value(char c) {
  if (is_ascii_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Error bad_escape(const std::string& what) { return invalid_data(what, "", "write the character itself"); }

class Unescaper {
 public:
  explicit Unescaper(std::string_view text) : text_(text) {}

  Result<std::string> run() {
    while (at_ < text_.size()) {
      if (text_[at_] != '\\') out_ += text_[at_++];
      else if (++at_ < text_.size()) MALMOI_TRY(escape());
    }
    return std::move(out_);
  }

 private:
  Status escape() {
    constexpr std::string_view kLetters = "abfnrtv\\'\"", kMeanings = "\a\b\f\n\r\t\v\\'\"";
    const char c = text_[at_];
    if (size_t found = kLetters.find(c); found != kLetters.npos) {
      out_ += kMeanings[found];
      ++at_;
    } else if (c == '\n') {
      ++at_;
    } else if (c == 'x') {
      return code_point(2);
    } else if (c == 'u') {
      return code_point(4);
    } else if (c == 'U') {
      return code_point(8);
    } else if (c == 'N') {
      return named();
    } else if (c >= '0' && c <= '7') {
      char32_t value = 0;
      for (int i = 0; i < 3 && at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '7'; ++i)
        value = value * 8 + static_cast<char32_t>(text_[at_++] - '0');
      append_utf8(out_, value);
    } else {
      unknown();
    }
    return {};
  }

  // Python reads the text as ASCII with escapes for all else: after a backslash such an escape's own is taken for another.
  void unknown() {
    Utf8Char c = decode_utf8(text_, at_);
    at_ += c.length;
    if (c.code_point < 0x80) (out_ += '\\') += static_cast<char>(c.code_point);
    else print_escape(out_, c.code_point);
  }

  Status code_point(size_t digits) {
    char32_t value = 0;
    ++at_;
    for (size_t i = 0; i < digits; ++i, ++at_) {
      int digit = at_ < text_.size() ? hex_value(text_[at_]) : -1;
      if (digit < 0) return bad_escape("an escape wants " + std::to_string(digits) + " hexadecimal digits");
      value = value * 16 + static_cast<char32_t>(digit);
    }
    if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return bad_escape("an escape is no character");
    append_utf8(out_, value);
    return {};
  }

  Status named() {
    size_t end = text_.find('}', at_);
    if (at_ + 1 >= text_.size() || text_[at_ + 1] != '{' || end == text_.npos)
      return bad_escape("\\N wants a name in braces");
    char32_t found = character_named(std::string(text_.substr(at_ + 2, end - at_ - 2)));
    if (found == 0) return bad_escape("\\N names no character");
    append_utf8(out_, found);
    at_ = end + 1;
    return {};
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string out_;
};

// Digits with single underscores between them; how many bytes.
template <typename IsDigit>
size_t digits_at(std::string_view text, size_t at, const IsDigit& is_digit) {
  size_t end = at;
  while (end < text.size() && (is_digit(text[end]) || (end > at && text[end] == '_' && end + 1 < text.size() &&
                                                       is_digit(text[end + 1]) && text[end - 1] != '_')))
    ++end;
  return end - at;
}

// The length of a float that begins here, or 0.
size_t float_length(std::string_view text) {
  size_t at = digits_at(text, 0, is_ascii_digit);
  bool is_float = false;
  if (at + 1 < text.size() && text[at] == '.' && is_ascii_digit(text[at + 1])) {
    at += 1 + digits_at(text, at + 1, is_ascii_digit);
    is_float = true;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    size_t from = at + 1;
    if (from < text.size() && (text[from] == '+' || text[from] == '-')) ++from;
    size_t digits = digits_at(text, from, is_ascii_digit);
    if (digits > 0) return from + digits;
  }
  return is_float ? at : 0;
}

std::string without_underscores(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c != '_') out += c;
  }
  return out;
}

// White space of any kind goes, decimal digits of any script become ASCII's.
std::string plain_number(std::string_view text) {
  std::string out;
  for (char32_t c : code_points(stripped(text, nullptr, true, true))) {
    int value = digit_value(c);
    if (value >= 0) out += static_cast<char>('0' + value);
    else append_utf8(out, c);
  }
  return out;
}

}  // namespace

Result<std::string> unescape(std::string_view text) { return Unescaper(text).run(); }

Result<NumberLiteral> read_number(std::string_view text, bool after_dot) {
  if (size_t length = after_dot ? 0 : float_length(text))
    return NumberLiteral{std::strtod(without_underscores(text.substr(0, length)).c_str(), nullptr), length};
  const char kind = text.size() > 1 && text[0] == '0' ? static_cast<char>(text[1] | 0x20) : '\0';
  const int base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 10;
  auto is_digit = [&](char c) { return hex_value(c) >= 0 && hex_value(c) < base; };
  size_t length = 0;
  if (base != 10) {
    size_t from = text.size() > 2 && text[2] == '_' ? 3 : 2;
    size_t digits = digits_at(text, from, is_digit);
    length = digits > 0 ? from + digits : 1;
  } else if (text[0] == '0') {
    length = digits_at(text, 0, [](char c) { return c == '0'; });
  } else {
    length = digits_at(text, 0, is_ascii_digit);
  }
  auto value = parse_int(text.substr(0, length), 0);
  if (!value) return unsupported("an integer has more than 128 bits", "", "use a smaller one");
  return NumberLiteral{*value, length};
}

std::optional<Int> parse_int(std::string_view text, int base) {
  if (base != 0 && (base < 2 || base > 36)) return {};
  const std::string plain = plain_number(text);
  std::string_view rest = plain;
  bool negative = false;
  if (!rest.empty() && (rest[0] == '+' || rest[0] == '-')) {
    negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  const char kind = rest.size() > 1 && rest[0] == '0' ? static_cast<char>(rest[1] | 0x20) : '\0';
  const int prefixed = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 0;
  if (prefixed != 0 && (base == 0 || base == prefixed)) {
    rest.remove_prefix(2);
    if (!rest.empty() && rest[0] == '_') rest.remove_prefix(1);
    base = prefixed;
  } else if (base == 0) {
    base = 10;
    if (rest.size() > 1 && rest[0] == '0' && rest.find_first_not_of("0_") != rest.npos) return {};
  }
  if (rest.empty()) return {};
  Int value = 0;
  for (size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '_') {
      if (i == 0 || i + 1 == rest.size() || rest[i - 1] == '_') return {};
      continue;
    }
    const char c = rest[i];
    int digit_of = is_ascii_digit(c) ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'z' ? (c | 0x20) - 'a' + 10 : 99;
    if (digit_of >= base || __builtin_mul_overflow(value, Int{base}, &value) ||
        __builtin_add_overflow(value, Int{digit_of}, &value))
      return {};
  }
  return negative ? -value : value;
}

std::optional<double> parse_float(std::string_view text) {
  const std::string plain = plain_number(text);
  for (size_t i = 0; i < plain.size(); ++i) {
    if (plain[i] == '_' &&
        (i == 0 || i + 1 == plain.size() || !is_ascii_digit(plain[i - 1]) || !is_ascii_digit(plain[i + 1])))
      return {};
    const bool hexadecimal = plain[i] == 'x' || plain[i] == 'X' || plain[i] == '(';  // strtod reads more than Python
    if (hexadecimal) return {};
  }
  const std::string number = without_underscores(plain);
  if (number.empty() || number[0] == ' ') return {};
  char* end = nullptr;
  double value = std::strtod(number.c_str(), &end);
  if (end != number.c_str() + number.size()) return {};
  return value;
}

}  // namespace malmoi::chat::jinja
