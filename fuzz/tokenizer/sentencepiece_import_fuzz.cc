// Fuzzes the importer of SentencePiece models.
#include <cstdint>
#include <string>
#include <string_view>

#include "tokenizer/import/sentencepiece.h"
#include "use.h"

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
