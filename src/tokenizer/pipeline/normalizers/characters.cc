#include "tokenizer/pipeline/normalizers/characters.h"

#include <algorithm>

#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

void lower_case(NormalizedText& text) {
  if (!text.tracked && is_ascii(text.text)) {
    for (char& c : text.text)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
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
