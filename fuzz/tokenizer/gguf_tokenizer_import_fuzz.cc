// Fuzzes the importer of the tokenizers in GGUF files, by all rules.
#include <cstdint>
#include <string>
#include <string_view>

#include "use.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::tokenizer;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  auto file = malmoi::formats::Gguf::from_bytes(std::string(input), "fuzz");
  if (!file.ok()) return 0;
  for (Compat compat : {Compat::kDefault, Compat::kOriginal, Compat::kLlamaCpp}) {
    auto tokenizer = gguf_tokenizer(*file, compat);
    if (tokenizer.ok()) use(*tokenizer, "안녕, ab 12 <s>\xFF\n");
  }
  return 0;
}
