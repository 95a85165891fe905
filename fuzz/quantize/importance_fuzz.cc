// Fuzzes importance matrices: whatever the bytes are, what is read counts, and is finite.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "quantize/importance.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto read = malmoi::quantize::parse_importance({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!read.ok()) return 0;
  for (const auto& [name, importance] : *read) {
    if (importance.size() > size) std::abort();
    for (float counts : importance)
      if (!std::isfinite(counts) || counts < 0) std::abort();
  }
  return 0;
}
