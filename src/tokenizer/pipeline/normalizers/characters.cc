#include "tokenizer/pipeline/normalizers/characters.h"

#include "base/ascii.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {

void lower_case(NormalizedText& text) {
  if (!text.tracked && is_ascii(text.text)) {
    text.text = ascii_lower(text.text);
    return;
  }
  Rewriter rewriter(text, 0);
  for (const CodePoint c : CodePoints(text.text)) {  // the old text stays until finish
    const Lower lower = to_lower(c.value);
    rewriter.put(lower.first, 0);
    if (lower.second) rewriter.put(lower.second, 1);
  }
  rewriter.finish();
}

void apply_form(NormalizedText& text, NormalForm form) {
  if (is_normal(text.text, form)) return;
  std::vector<NormalChar> characters = normal_characters(text.text, form);
  Rewriter rewriter(text, 0);
  for (const NormalChar& c : characters) rewriter.put(c.code_point, c.change);
  rewriter.finish();
}

}  // namespace malmoi::tokenizer
