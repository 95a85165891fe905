// Fuzzes what is found in completions: numbers, marked answers, blocks of code, and texts as they are compared.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "reward/answer_text.h"
#include "reward/numbers.h"

namespace {

bool is_within(std::string_view part, std::string_view text) {
  return part.empty() || (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::reward;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& number : {last_number(text), whole_number(text)})
    if (number && std::isnan(*number)) std::abort();
  if (auto marked = marked_answer(text); marked && !is_within(*marked, text)) std::abort();
  for (const CodeBlock& block : code_blocks(text))
    if (!is_within(block.code, text) || !is_within(block.language, text)) std::abort();
  last_code(text, {"python"});
  for (bool flag : {false, true}) {
    const Comparison how{.ignore_case = flag, .ignore_punctuation = flag, .compatible = flag};
    if (!malmoi::is_valid_utf8(compared_text(text, how))) std::abort();
  }
  return 0;
}
