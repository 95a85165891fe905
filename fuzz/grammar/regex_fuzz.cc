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
  for (bool whole : {false, true}) {
    Grammar grammar;
    const RuleId root = grammar.add_rule("regex", "fuzz");
    auto plain = [](Grammar& to, const CodePointSet& set) { return to.chars(set); };
    grammar.define(root, whole ? regex->whole(grammar, plain) : regex->within(grammar, plain));
    grammar.set_root(root);
    if (!walk_any(std::move(grammar))) std::abort();
  }
  const TextLengths lengths = regex->lengths();
  if (lengths.max != kUnbounded && lengths.max < lengths.min) std::abort();
  return 0;
}
