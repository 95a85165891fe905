// Fuzzes the lines of a corpus: what is read can be written and reads back the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "data/corpus.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::data;
  auto document = document_from_line({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!document.ok()) return 0;
  std::string line = document_to_line(*document);
  auto again = document_from_line(line, "fuzz");
  if (!again.ok() || document_to_line(*again) != line) std::abort();
  return 0;
}
