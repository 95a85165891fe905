// BPE by scores written as SentencePiece's encoder is: the oracle of the fast one, and the way that unused pieces go.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/import/prefix_matcher.h"
#include "tokenizer/import/score_bpe.h"

namespace malmoi::tokenizer {

/// Whether a piece can come out of merging.
inline bool takes_part(const SentencePieceModel::Piece& piece, bool sentencepiece) {
  return !sentencepiece || piece.kind == PieceKind::kNormal || piece.kind == PieceKind::kUserDefined ||
         piece.kind == PieceKind::kUnused;
}

/// O(n log n) with a heap and a map of texts. `options` must outlive it. Thread-safe.
class PlainScoreBpe {
 public:
  explicit PlainScoreBpe(const ScoreBpeOptions& options);
  std::vector<Token> run(std::string_view text) const;

 private:
  friend class PlainRun;
  const ScoreBpeOptions& options_;
  std::unordered_map<std::string_view, int32_t> pieces_, reserved_;
  PrefixMatcher user_defined_;
};

/// The model as tokenizer.json's BPE: merges in the order of scores (what equal scores do may differ by place).
Status write_score_bpe_json(const ScoreBpeOptions& options, std::string& out);

}  // namespace malmoi::tokenizer
