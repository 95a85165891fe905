// Fuzzes the GGUF header: every value can be read, and every tensor's size is that of its shape.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "formats/gguf.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::formats;
  auto header = parse_gguf({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!header.ok()) return 0;
  for (const auto& [key, value] : header->pairs) {
    (void)value.text(), (void)value.integer(), (void)value.number(), (void)value.boolean();
    (void)value.texts(), (void)value.integers(), (void)value.numbers();
    if (value.bytes().size() > size) std::abort();
  }
  for (const GgufTensor& tensor : header->tensors) {
    if (tensor.elements() / tensor.type->block_elements * tensor.type->block_bytes != tensor.size) std::abort();
  }
  return 0;
}
