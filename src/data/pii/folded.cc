#include "data/pii/folded.h"

#include "base/utf8.h"

namespace malmoi::data {
namespace {

constexpr char32_t kDrop = 0xFFFFFFFF;

char32_t fold(char32_t c) {
  if (c < 0x80) {
    if (c >= U'A' && c <= U'Z') return c + 32;
    return c == U'\t' || c == U'\r' || c == U'\v' || c == U'\f' ? U' ' : c;
  }
  if (c >= 0xFF01 && c <= 0xFF5E) return fold(c - 0xFEE0);
  if (c >= 0x2010 && c <= 0x2015) return U'-';
  if ((c >= 0x2000 && c <= 0x200A) || c == 0xA0 || c == 0x202F || c == 0x205F || c == 0x3000 || c == 0x1680)
    return U' ';
  switch (c) {
    case 0x00AD:
    case 0x200B:
    case 0x200C:
    case 0x200D:
    case 0x2060:
    case 0xFEFF:  // soft hyphen, zero-width
      return kDrop;
    case 0x2043:
    case 0x2212:
    case 0x2500:
    case 0x30FC:
    case 0xFE58:
    case 0xFE63:
    case 0x3161:
    case 0x1173:
      return U'-';  // hyphen bullet, minus, box line, Japanese long vowel, small hyphens, and ㅡ typed for a dash
    case 0x00B7:
    case 0x2022:
    case 0x2027:
    case 0x30FB:
    case 0x318D: return U'.';  // middle dots between the groups of a number
    case 0x3002:
    case 0xFF61: return U'.';
    case 0xFE6B: return U'@';
    case 0x2028:
    case 0x2029:
    case 0x85: return U'\n';
    default: return c;
  }
}

}  // namespace

FoldedText::FoldedText(std::string_view piece) {
  chars.reserve(piece.size());
  begin.reserve(piece.size());
  end.reserve(piece.size());
  for (size_t i = 0; i < piece.size();) {
    Utf8Char c = decode_utf8(piece, i);
    char32_t folded = fold(c.code_point);
    if (folded != kDrop) {
      chars.push_back(folded);
      begin.push_back(static_cast<uint32_t>(i));
      end.push_back(static_cast<uint32_t>(i + c.length));
    }
    i += c.length;
  }
}

FoldedText FoldedText::joined(const FoldedText& text, size_t first, size_t first_end, size_t second, size_t second_end,
                              bool space) {
  FoldedText out;
  auto take = [&](char32_t c, size_t at) {
    out.chars.push_back(c);
    out.begin.push_back(static_cast<uint32_t>(at));
    out.end.push_back(static_cast<uint32_t>(at + 1));
  };
  for (size_t i = first; i < first_end; ++i) take(text.chars[i], i);
  if (space) take(U' ', first_end);
  for (size_t i = second; i < second_end; ++i) take(text.chars[i], i);
  return out;
}

}  // namespace malmoi::data
