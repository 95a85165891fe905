// BPE by scores, as SentencePiece and llama.cpp have it: neighbours merge where their concatenation is a piece, the
// highest score first, the leftmost among equals; a whole section at a time.
#pragma once

#include <string>
#include <vector>

#include "tokenizer/import/sentencepiece_proto.h"
#include "tokenizer/models/model.h"

namespace malmoi::tokenizer {

struct ScoreBpeOptions {
  std::vector<SentencePieceModel::Piece> pieces;
  int32_t unk_id = 0;
  bool byte_fallback =
      false;  // a character that is no piece becomes its bytes' pieces; else the unknown piece, once a run
  /// SentencePiece: only normal, user-defined and unused pieces take part; user-defined ones are found first, whole, and
  /// do not merge; unused ones merge but come apart at the end. llama.cpp: every piece takes part as it is (user-defined
  /// tokens are found in the raw text before).
  bool sentencepiece = true;
  /// In tokenizer.json user-defined pieces are cut out before the model, which takes a whole piece for its token then.
  bool cut_in_json = false;
};

/// Errors: a piece's text given twice.
Result<std::unique_ptr<Model>> make_score_bpe(ScoreBpeOptions options, std::string_view where);

}  // namespace malmoi::tokenizer
