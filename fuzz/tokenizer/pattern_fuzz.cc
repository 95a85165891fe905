// Any pattern over any text: matches are in order, inside the text, and do not overlap; nothing hangs.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "tokenizer/pattern/pattern.h"

using malmoi::tokenizer::Dialect;
using malmoi::tokenizer::Pattern;
using malmoi::tokenizer::Span;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  size_t cut = bytes.find('\n');
  if (cut == std::string_view::npos) return 0;
  std::string text = malmoi::replace_invalid_utf8(bytes.substr(cut + 1));
  for (Dialect dialect : {Dialect::kOniguruma, Dialect::kRust}) {
    auto pattern = Pattern::compile(bytes.substr(0, cut), dialect);
    if (!pattern.ok()) continue;
    std::vector<Span> matches;
    (*pattern)->find_all(text, matches);
    uint32_t done = 0;
    for (Span match : matches) {
      if (match.begin < done || match.end < match.begin || match.end > text.size()) std::abort();
      done = match.end;
    }
  }
  return 0;
}
