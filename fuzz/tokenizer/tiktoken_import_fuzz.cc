// Fuzzes the importer of .tiktoken ranks: the pattern file up to the first NUL, then the ranks.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/import/importers.h"

namespace {

// What opened must run: encode, decode, and be written as tokenizer.json or refused with a reason.
void use(const malmoi::tokenizer::Tokenizer& tokenizer, std::string_view text) {
  std::vector<int32_t> ids = tokenizer.encode(text, {.add_special = true});
  (void)tokenizer.decode(ids, true);
  (void)tokenizer.encode_full(text, {.parse_special = false});
  for (int32_t id : ids) (void)tokenizer.token_bytes(id);
  (void)malmoi::tokenizer::to_tokenizer_json(tokenizer.parts());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::tokenizer;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  size_t end = std::min(input.find('\0'), input.size());
  auto tokenizer =
      tiktoken_tokenizer(input.substr(std::min(end + 1, input.size())), input.substr(0, end), "fuzz", "pattern");
  if (tokenizer.ok()) use(*tokenizer, "안녕, ab 12 <|endoftext|>\xFF\n");
  return 0;
}
