// Unigram: the segmentation of the highest total score (Viterbi).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tokenizer/models/model.h"

namespace malmoi::tokenizer {

/// An unknown character scores so much less than the lowest of the pieces.
inline constexpr double kUnknownPenalty = 10;

struct UnigramOptions {
  std::vector<std::string> pieces;  // the id is the index
  std::vector<double> scores;       // log probabilities
  std::optional<int32_t> unk_id;
  bool byte_fallback = false;
  /// Which pieces compete (control pieces do not in SentencePiece); empty: all do, as in Hugging Face.
  std::vector<bool> usable;
  /// SentencePiece: sums are single precision and the piece of an unknown character scores min - 10 over usable pieces.
  bool single_precision = false;
};

Result<std::unique_ptr<Model>> make_unigram(UnigramOptions options, std::string_view where);
/// Appends the "model" of a tokenizer.json.
Status write_unigram_json(const UnigramOptions& options, std::string& out);

}  // namespace malmoi::tokenizer
