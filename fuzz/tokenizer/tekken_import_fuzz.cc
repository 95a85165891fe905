// Fuzzes the importer of tekken.json.
#include <cstdint>
#include <string>
#include <string_view>

#include "use.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::tokenizer;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  auto tokenizer = tekken_tokenizer(input, "fuzz");
  if (tokenizer.ok()) use(*tokenizer, "안녕, ab 12 <s>\xFF\n");
  return 0;
}
