// Fuzzes regular expressions, as whole texts and as a search finds them.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "grammar/regex.h"
#include "walk.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::grammar;
  auto regex = Regex::parse({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!regex.ok()) return 0;
  if (!walk_any(regex->whole_grammar("fuzz")) || !walk_any(regex->within_grammar("fuzz"))) std::abort();
  const TextLengths lengths = regex->lengths();
  if (lengths.max != kUnbounded && lengths.max < lengths.min) std::abort();
  return 0;
}
