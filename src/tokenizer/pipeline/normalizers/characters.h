// What several normalizers do to the characters of a text: keep some, map each, lower-case, compose.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/pipeline/text.h"
#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/normalization.h"

namespace malmoi::tokenizer {

/// Keeps the characters for which `keep` holds. A kept character swallows the dropped ones that follow it.
template <typename Keep>
void keep_characters(NormalizedText& text, Keep&& keep) {
  size_t dropped = 0, dropped_first = 0;
  std::vector<std::pair<char32_t, int>> kept;  // with how many it swallows, negative
  for (const CodePoint c : CodePoints(text.text)) {
    if (keep(c.value)) {
      kept.emplace_back(c.value, 0);
      continue;
    }
    ++dropped;
    if (kept.empty()) ++dropped_first;
    else --kept.back().second;
  }
  if (dropped == 0) return;
  Rewriter rewriter(text, dropped_first);
  for (auto [c, change] : kept) rewriter.put(c, change);
  rewriter.finish();
}

template <typename Map>
void map_characters(NormalizedText& text, Map&& map) {
  Rewriter rewriter(text, 0);
  for (const CodePoint c : CodePoints(text.text)) rewriter.put(map(c.value), 0);
  rewriter.finish();
}

void lower_case(NormalizedText& text);
void apply_form(NormalizedText& text, NormalForm form);

}  // namespace malmoi::tokenizer
