// Fuzzes the search for personal data: spans are in order, inside the text, on character boundaries, and replaceable.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "data/pii/pii.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::data;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<PiiSpan> spans = find_pii(text);
  size_t at = 0;
  for (const PiiSpan& span : spans) {
    if (span.begin < at || span.begin >= span.end || span.end > size) std::abort();
    at = span.end;
  }
  if (code_point_offsets(text, spans).size() != 2 * spans.size()) std::abort();
  for (PiiAction action : {PiiAction::kPlaceholder, PiiAction::kPseudonym, PiiAction::kRemove}) {
    std::string out = PiiReplacer{.action = action, .key = "a key of enough bytes"}.apply(text, spans);
    if (malmoi::is_valid_utf8(text) && !malmoi::is_valid_utf8(out)) std::abort();
    if (spans.empty() && out != text) std::abort();
  }
  return 0;
}
