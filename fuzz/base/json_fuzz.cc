// Fuzzes the JSON parser: what is accepted prints, and reads back as the same value.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto value = malmoi::parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!value.ok()) return 0;
  auto again = malmoi::parse_json(malmoi::dump_json(*value), "fuzz");
  if (!again.ok() || malmoi::dump_json(*again) != malmoi::dump_json(*value)) std::abort();
  return 0;
}
