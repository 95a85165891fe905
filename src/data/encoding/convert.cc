#include "data/encoding/convert.h"

#include <unicode/ucnv.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/utf8.h"

namespace malmoi::data::internal {

namespace {

struct ConverterCloser {
  void operator()(UConverter* c) const { ucnv_close(c); }
};
using Converter = std::unique_ptr<UConverter, ConverterCloser>;

// Counts what could not be decoded on the way to ICU's own substitution.
void U_CALLCONV count_and_substitute(const void* context, UConverterToUnicodeArgs* args, const char* units,
                                     int32_t length, UConverterCallbackReason reason, UErrorCode* error) {
  if (reason <= UCNV_IRREGULAR) ++*static_cast<size_t*>(const_cast<void*>(context));
  UCNV_TO_U_CALLBACK_SUBSTITUTE(nullptr, args, units, length, reason, error);
}

}  // namespace

void append_utf16(std::string& out, const char16_t* units, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    char32_t c = units[i];
    if (c >= 0xD800 && c < 0xDC00 && i + 1 < size && units[i + 1] >= 0xDC00 && units[i + 1] < 0xE000) {
      c = 0x10000 + ((c - 0xD800) << 10) + (units[i + 1] - 0xDC00);
      ++i;
    }
    append_utf8(out, c);
  }
}

bool convert(std::string_view bytes, const char* name, Decoded& out) {
  UErrorCode error = U_ZERO_ERROR;
  Converter converter(ucnv_open(name, &error));
  if (U_FAILURE(error)) return false;
  out.replaced = 0;
  ucnv_setToUCallBack(converter.get(), count_and_substitute, &out.replaced, nullptr, nullptr, &error);
  std::array<UChar, 8192> buffer;
  out.text.clear();
  out.text.reserve(bytes.size() * 3 / 2);
  const char* source = bytes.data();
  const char* end = source + bytes.size();
  std::u16string carried;  // a high surrogate at the end of a chunk
  do {
    error = U_ZERO_ERROR;
    UChar* target = buffer.data();
    ucnv_toUnicode(converter.get(), &target, buffer.data() + buffer.size(), &source, end, nullptr, true, &error);
    carried.append(buffer.data(), target);
    bool split = error == U_BUFFER_OVERFLOW_ERROR && !carried.empty() && (carried.back() & 0xFC00) == 0xD800;
    append_utf16(out.text, carried.data(), carried.size() - split);
    carried.erase(0, carried.size() - split);
  } while (error == U_BUFFER_OVERFLOW_ERROR);
  return U_SUCCESS(error);
}

bool encode_cp949(char32_t c, std::string& out) {
  struct Table {
    std::vector<uint16_t> code = std::vector<uint16_t>(0x10000, 0);
    Table() {
      // Every double byte of CP949 decoded once; ICU's own reverse tables have fallbacks that would hide a loss.
      for (int lead = 0x81; lead <= 0xFE; ++lead)
        for (int trail = 0x41; trail <= 0xFE; ++trail) {
          char bytes[2] = {static_cast<char>(lead), static_cast<char>(trail)};
          Decoded one;
          if (!convert({bytes, 2}, "windows-949", one) || one.replaced || one.text.empty()) continue;
          Utf8Char ch = decode_utf8(one.text, 0);
          if (ch.length == one.text.size() && ch.code_point < 0x10000 && !code[ch.code_point])
            code[ch.code_point] = static_cast<uint16_t>(lead << 8 | trail);
        }
    }
  };
  static const Table table;
  if (c < 0x80) {
    out += static_cast<char>(c);
    return true;
  }
  if (c >= 0x10000 || table.code[c] == 0) return false;
  out += static_cast<char>(table.code[c] >> 8);
  out += static_cast<char>(table.code[c] & 0xFF);
  return true;
}

}  // namespace malmoi::data::internal
