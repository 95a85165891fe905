#include "base/shown.h"

#include "base/utf8.h"

namespace malmoi {
namespace {

constexpr char32_t kPictures = 0x2400, kPictureOfDelete = 0x2421;  // the block of control pictures
constexpr char32_t kReplacement = 0xFFFD;

}  // namespace

std::string show_controls(std::string_view text, Shown as) {
  const bool in_line = as == Shown::kInLine;
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    Utf8Char c = decode_utf8(text, i);
    i += c.length;
    char32_t u = c.code_point;
    bool turns = u == 0x200E || u == 0x200F || (u >= 0x202A && u <= 0x202E) || (u >= 0x2066 && u <= 0x2069);
    bool eight_bits = u >= 0x80 && u < 0xA0;
    if (u < 0x20 && (in_line || (u != '\n' && u != '\t'))) {
      append_utf8(out, kPictures + u);
    } else if (u == 0x7F) {
      append_utf8(out, kPictureOfDelete);
    } else if (eight_bits && !in_line) {
      append_utf8(out, kReplacement);
    } else if (in_line && (eight_bits || u == 0x2028 || u == 0x2029 || turns)) {
      constexpr char kHex[] = "0123456789ABCDEF";
      out += "⟨U+";
      for (int shift = 12; shift >= 0; shift -= 4) out += kHex[u >> shift & 15];
      out += "⟩";
    } else {
      append_utf8(out, u);
    }
  }
  return out;
}

}  // namespace malmoi
