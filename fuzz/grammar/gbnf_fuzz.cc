// Fuzzes GBNF grammars: the bytes are one, compiled and walked for a few bytes. Whatever it is, the answer is a reading within the
// limits or an error of one line.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "grammar/gbnf.h"
#include "walk.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::grammar;
  if (!walk_any(parse_gbnf({reinterpret_cast<const char*>(data), size}, "fuzz"))) std::abort();
  return 0;
}
