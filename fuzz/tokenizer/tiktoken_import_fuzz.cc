// Fuzzes the importer of .tiktoken ranks: the pattern file up to the first NUL, then the ranks.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "use.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::tokenizer;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  size_t end = std::min(input.find('\0'), input.size());
  auto tokenizer =
      tiktoken_tokenizer(input.substr(std::min(end + 1, input.size())), input.substr(0, end), "fuzz", "pattern");
  if (tokenizer.ok()) use(*tokenizer, "안녕, ab 12 <|endoftext|>\xFF\n");
  return 0;
}
