// What texts may go on with: guesses, which one forward pass checks all at once.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"

namespace malmoi::model {
class Model;
}

namespace malmoi::infer {

/// Speculative decoding (Leviathan et al. 2023; Chen et al. 2023): a pass over a guess costs little more than one over a
/// single token. Each token is drawn from the model's own logits in its turn, and what was guessed behind a token that was
/// not drawn is forgotten; so answers are the same as without guesses, to the bit. One thread.
class Drafter {
 public:
  /// A text that wants a guess.
  struct Text {
    uint64_t sequence = 0;         // the same from call to call
    std::span<const int32_t> ids;  // all of it
    int64_t most = 0;              // tokens to guess at the most
    std::vector<int32_t> draft;    // is filled
  };
  virtual ~Drafter() = default;
  virtual void draft(std::span<Text> texts) = 0;
  /// A text that will not be asked about again.
  virtual void forget(uint64_t sequence) { (void)sequence; }
};

/// Guesses from the text itself: what followed the last tokens where they stood before (prompt lookup decoding, Saxena
/// 2023). Of several places the one where the most tokens before are the same, then the last one.
std::unique_ptr<Drafter> make_prompt_lookup();

/// Guesses by a smaller model of the same vocabulary: its most probable tokens, as long as it is sure enough. `bytes` that
/// its states may take (0: default_state_bytes()); `model` outlives the drafter. Errors: a model that does not go on with a
/// text or is recurrent, another vocabulary than `vocab_size`, a budget too small.
Result<std::unique_ptr<Drafter>> make_draft_model(const model::Model& model, int64_t vocab_size, size_t bytes = 0);

}  // namespace malmoi::infer
