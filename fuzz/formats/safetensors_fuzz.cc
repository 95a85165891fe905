// Fuzzes the safetensors header: whatever is accepted must lie within the file.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "formats/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::formats;
  std::string_view file(reinterpret_cast<const char*>(data), size);
  auto header = parse_safetensors(file, "fuzz");
  if (!header.ok()) return header.error().to_string().empty();
  for (const auto& entry : header->entries) {
    if (entry.begin > entry.end || header->data_begin + entry.end > size) std::abort();
    if (byte_count(entry.type, entry.shape) != entry.end - entry.begin) std::abort();
  }
  return 0;
}
