// Fuzzes the .npy header: whatever is accepted must fill the file exactly.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "formats/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::formats;
  auto header = parse_npy({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (header.ok() && header->data_begin + *byte_count(header->type, header->shape) != size) std::abort();
  return 0;
}
