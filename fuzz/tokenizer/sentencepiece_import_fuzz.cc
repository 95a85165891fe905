// Fuzzes the importer of SentencePiece models.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/import/sentencepiece.h"

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
  auto model = parse_sentencepiece(input, "fuzz");
  if (!model.ok()) return 0;
  auto tokenizer = sentencepiece_tokenizer(*model, "fuzz");
  if (tokenizer.ok()) use(*tokenizer, "안녕, ab 12 <s>\xFF\n");
  if (tokenizer.ok()) use(*tokenizer, input.substr(0, 500));
  return 0;
}
