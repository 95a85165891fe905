#include "tokenizer/models/byte_alphabet.h"

#include <array>
#include <charconv>

#include "tokenizer/unicode/code_points.h"

namespace malmoi::tokenizer {
namespace {

struct ByteAlphabet {
  std::array<char32_t, 256> character{};
  std::array<int, 0x144> byte{};  // by character; -1: none

  ByteAlphabet() {
    byte.fill(-1);
    char32_t next = 0x100;
    for (int b = 0; b < 256; ++b) {
      const bool printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      const char32_t c = printable ? static_cast<char32_t>(b) : next++;
      character[static_cast<size_t>(b)] = c;
      byte[c] = b;
    }
  }
};

const ByteAlphabet& alphabet() {
  static const ByteAlphabet instance;
  return instance;
}

}  // namespace

std::string spell_bytes(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (char c : bytes) append_utf8(out, alphabet().character[static_cast<unsigned char>(c)]);
  return out;
}

bool unspell_bytes(std::string_view spelled, std::string& bytes) {
  bytes.clear();
  for (const CodePoint c : CodePoints(spelled)) {
    if (!c.valid || c.value >= alphabet().byte.size() || alphabet().byte[c.value] < 0) return false;
    bytes += static_cast<char>(alphabet().byte[c.value]);
  }
  return true;
}

void spell_text(NormalizedText& text) {
  std::string spelled;
  std::vector<Span> source;
  for (size_t i = 0; i < text.text.size(); ++i) {
    const size_t before = spelled.size();
    append_utf8(spelled, alphabet().character[static_cast<unsigned char>(text.text[i])]);
    if (text.tracked) source.insert(source.end(), spelled.size() - before, text.source[i]);
  }
  text.text = std::move(spelled);
  text.source = std::move(source);
}

std::string byte_token(int byte) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  return {'<', '0', 'x', kHex[byte >> 4 & 15], kHex[byte & 15], '>'};
}

int byte_of_token(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  const char* begin = token.data() + 3;
  if (*begin == '+') ++begin;  // as the reference's number parser
  int value = 0;
  auto [end, error] = std::from_chars(begin, token.data() + 5, value, 16);
  return error == std::errc() && end == token.data() + 5 && value >= 0 && *begin != '-' ? value : -1;
}

}  // namespace malmoi::tokenizer
