// What a scheduler keeps of prompts that it has read, and how later ones go on from there.
#include <algorithm>
#include <bit>

#include "infer/scheduler_sequence.h"

namespace malmoi::infer {
namespace {

// Of a long prompt states are kept at the last place where it is cut, and after 1, 2, 4 ... pieces for prompts that part sooner.
bool ends_a_piece(int64_t read, int64_t prompt, int64_t rows) {
  if (read % rows != 0) return false;
  const auto pieces = static_cast<uint64_t>(read / rows);
  return std::has_single_bit(pieces) || read + rows > prompt;
}

}  // namespace

// Prompts share where they are read in the same way: through the same adapter, by the same rotary frequencies.
int64_t Scheduler::prefix_key(const Sequence& s) const {
  const int64_t beyond = model_->sizes.switch_length;
  const bool is_long = beyond > 0 && s.in_pieces > beyond;
  return 2 * static_cast<int64_t>(s.request->adapter) + (is_long ? 1 : 0);
}

// A state without rows; what is kept of prompts gives way to its elements.
Result<nn::SequenceState> Scheduler::new_state() {
  while (true) {
    auto state = session_->open();
    if (state.ok() || !prefixes_.drop_oldest()) return state;
  }
}

// A state to begin with: that of the longest beginning that was read before, else a new one. The last token is always read,
// for its logits; a prompt that is to be told is read whole.
Result<nn::SequenceState> Scheduler::state_for(Sequence& s) {
  if (!prefixes_.keeps() || s.request->prompt_probabilities) return new_state();
  const auto [longest, whole] =
      prefixes_.find(prefix_key(s), std::span(s.text).first(static_cast<size_t>(s.prompt - 1)));
  for (const PrefixTree::Match& match : {longest, whole}) {
    const bool is_whole = match.state && match.state->length() == match.length;
    if (!match.state || (!is_whole && match.length > cut_free_length_)) continue;
    auto state = match.state->fork();
    if (!state.ok() || !state->truncate(match.length))
      continue;                                      // no room for its elements, or rows of a window are gone
    const bool was_sent_back = s.let_in || s.begun;  // then it reads its own prompt again
    if (!was_sent_back) s.cached = match.length;
    return state;
  }
  return new_state();
}

// After a step. Where a prompt may not be cut anywhere, what is kept ends where every prompt is cut.
void Scheduler::keep_prefix(Sequence& s) {
  const int64_t read = s.read();
  if (!prefixes_.keeps() || read > s.prompt || read <= s.cached) return;
  const bool cuts_anywhere = s.prompt <= cut_free_length_;
  if (cuts_anywhere ? read < s.prompt : !ends_a_piece(read, s.prompt, options_.prefill_rows)) return;
  if (!cuts_anywhere && s.request->prompt_probabilities) return;  // it is cut elsewhere
  auto state = s.state.fork();
  if (!state.ok()) return;
  prefixes_.insert(prefix_key(s), std::span(s.text).first(static_cast<size_t>(read)), *std::move(state), cuts_anywhere);
}

}  // namespace malmoi::infer
