// How bytes travel in mail: base64, quoted-printable, and the encoded words of headers.
#include <algorithm>

#include "base/ascii.h"
#include "base/utf8.h"
#include "data/encoding.h"
#include "data/readers/mail.h"

namespace malmoi::data {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Where the next line begins, if nothing but spaces, which some relays append, stands between `at` and the end of this
// one. 0: a text goes on there.
size_t after_soft_break(std::string_view text, size_t at) {
  size_t end = std::min(text.find_first_not_of(" \t\r", at), text.size());
  if (end == text.size()) return end;
  return text[end] == '\n' ? end + 1 : 0;
}

// =?charset?B?...?= or =?charset?Q?...?=, with *language behind the charset (RFC 2231).
struct EncodedWord {
  std::string charset;
  bool base64 = false;
  std::string_view coded;
  size_t length = 0;  // of the whole word
};

// The word that begins with `text`. `end_mark`: where the last "?=" begins, so that a header of nothing but beginnings is
// not searched through from each.
bool parse_word(std::string_view text, size_t end_mark, EncodedWord& word) {
  constexpr size_t kLongestCharset = 75;
  size_t charset_end = 2;
  const size_t charset_limit = std::min(text.size(), kLongestCharset);
  while (charset_end < charset_limit && text[charset_end] != '?' && static_cast<unsigned char>(text[charset_end]) > ' ')
    ++charset_end;
  if (charset_end == 2 || charset_end + 3 > text.size() || text[charset_end] != '?' || text[charset_end + 2] != '?')
    return false;
  char kind = static_cast<char>(text[charset_end + 1] | 32);
  size_t begin = charset_end + 3;
  if ((kind != 'b' && kind != 'q') || begin > end_mark) return false;
  size_t end = text.find("?=", begin);
  std::string_view charset = text.substr(2, charset_end - 2);
  word = {ascii_lower(charset.substr(0, charset.find('*'))), kind == 'b', text.substr(begin, end - begin), end + 2};
  return true;
}

// Words beside each other, whose bytes are decoded together: a character may begin in one and end in the next.
class WordRun {
 public:
  explicit WordRun(std::string& out) : out_(out) {}
  bool open() const { return open_; }

  void add(const EncodedWord& word) {
    if (open_ && word.charset != charset_) end();
    open_ = true;
    charset_ = word.charset;
    if (!word.base64) {
      take_base64();
      bytes_ += decode_quoted_printable(word.coded, true);
      return;
    }
    // A word that ends within a group of four goes on in the next one; padding ends a group.
    base64_ += word.coded;
    if (base64_.size() % 4 == 0 || base64_.ends_with('=')) take_base64();
  }

  void end() {
    if (!open_) return;
    take_base64();
    auto decoded = decode_text(bytes_, charset_);
    out_ += decoded.ok() ? decoded->text : replace_invalid_utf8(bytes_);
    bytes_.clear();
    open_ = false;
  }

 private:
  void take_base64() {
    bytes_ += decode_base64(base64_);
    base64_.clear();
  }
  std::string& out_;
  std::string charset_, bytes_, base64_;
  bool open_ = false;
};

std::string decode_raw(std::string_view text, std::string_view charset) {
  auto decoded = decode_text(text, charset);
  return decoded.ok() ? std::move(decoded->text) : replace_invalid_utf8(text);
}

}  // namespace

std::string decode_base64(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 3 / 4);
  uint32_t bits = 0;
  int filled = 0;
  for (char c : text) {
    int value = -1;
    if (c >= 'A' && c <= 'Z') value = c - 'A';
    else if (c >= 'a' && c <= 'z') value = c - 'a' + 26;
    else if (c >= '0' && c <= '9') value = c - '0' + 52;
    else if (c == '+' || c == '-') value = 62;
    else if (c == '/' || c == '_') value = 63;
    if (c == '=') break;
    if (value < 0) continue;
    bits = bits << 6 | static_cast<uint32_t>(value);
    if ((filled += 6) >= 8) out += static_cast<char>(bits >> (filled -= 8) & 0xFF);
  }
  return out;
}

std::string decode_quoted_printable(std::string_view text, bool in_header) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (in_header && text[i] == '_') {
      out += ' ';
    } else if (text[i] != '=') {
      out += text[i];
    } else if (i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
      i += 2;
    } else if (size_t next = after_soft_break(text, i + 1); next != 0) {
      i = next - 1;
    } else {
      out += '=';  // of a program that did not code it: `?a=1&b=zz`
    }
  }
  return out;
}

std::string decode_header(std::string_view text, std::string_view charset) {
  std::string out;
  WordRun run(out);
  size_t last = text.rfind("?=");
  size_t plain = 0;  // where what is no word begins
  for (size_t at = text.find("=?"); at != std::string_view::npos && last != std::string_view::npos && at < last;) {
    EncodedWord word;
    if (!parse_word(text.substr(at), last - at, word)) {
      at = text.find("=?", at + 2);
      continue;
    }
    std::string_view between = text.substr(plain, at - plain);
    bool space_only = between.find_first_not_of(" \t\r\n") == std::string_view::npos;
    if (!run.open() || !space_only) {
      run.end();
      out += decode_raw(between, charset);
    }
    run.add(word);
    plain = at + word.length;
    at = text.find("=?", plain);
  }
  run.end();
  return out += decode_raw(text.substr(plain), charset);
}

}  // namespace malmoi::data
