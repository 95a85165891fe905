// Fuzzes decoding, repair and cleaning: whatever comes in, UTF-8 comes out, and cleaning twice changes nothing.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "data/encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto decoded = data::decode_text(bytes, data::declared_charset(bytes));
  if (!decoded.ok()) return 0;
  std::string text = decoded->text;
  data::repair_mojibake(text);
  if (replace_invalid_utf8(text) != text) std::abort();
  std::string clean = data::clean_characters(text);
  if (data::clean_characters(clean) != clean || replace_invalid_utf8(clean) != clean) std::abort();
  return 0;
}
