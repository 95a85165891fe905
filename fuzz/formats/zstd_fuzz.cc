// Fuzzes the zstd reader: damage is an error, and what we compress comes back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "formats/zstd_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::formats;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)zstd_decompress(bytes, 1 << 20, "fuzz");
  auto back = zstd_decompress(zstd_compress(bytes, 1), size, "fuzz");
  if (!back.ok() || *back != bytes) std::abort();
  return 0;
}
