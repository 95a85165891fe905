// Fuzzes the importer of BERT vocabularies.
#include <cstdint>
#include <string>
#include <string_view>

#include "use.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::tokenizer;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  for (bool lowercase : {false, true}) {
    auto tokenizer = vocab_txt_tokenizer(input, lowercase, "fuzz");
    if (tokenizer.ok()) use(*tokenizer, "안녕, Ab 12 [SEP]\xFF\n");
  }
  return 0;
}
