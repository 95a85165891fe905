// Whether the model of another format cuts what a tokenizer's model does: what exporters ask before they write.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tokenizer/models/model.h"

namespace malmoi::tokenizer {

/// The first text of which two models make different ids: every piece alone, and, since merges meet there, with the piece
/// that follows. Texts for which `skip` holds are passed over.
template <typename Skip>
std::optional<std::string> first_difference(const Model& ours, const Model& theirs,
                                            const std::vector<std::string>& pieces, Skip&& skip) {
  std::vector<int32_t> a, b;
  for (size_t i = 0; i < pieces.size(); ++i) {
    for (const std::string& text : {pieces[i], pieces[i] + pieces[(i + 1) % pieces.size()]}) {
      if (skip(text)) continue;
      a.clear();
      b.clear();
      ours.encode(text, a);
      theirs.encode(text, b);
      if (a != b) return text;
    }
  }
  return {};
}

}  // namespace malmoi::tokenizer
