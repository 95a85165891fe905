// Fuzzes JSON schemas: what compiles is walked; a text that comes to its end is JSON.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "grammar/json_schema.h"
#include "walk.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::grammar;
  auto text = walk_any(parse_json_schema({reinterpret_cast<const char*>(data), size}, "fuzz"));
  if (!text) std::abort();
  if (!text->empty() && !malmoi::parse_json(*text, "fuzz").ok()) std::abort();
  return 0;
}
