// What a scheduler keeps of prompts that it has read, and how later ones go on from there.
#include <algorithm>

#include "infer/scheduler_sequence.h"

namespace malmoi::infer {

// Prompts share where they are read in the same way: through the same adapter, by the same rotary frequencies.
int64_t Scheduler::prefix_key(const Sequence& s) const {
  const int64_t beyond = model_->sizes.switch_length;
  const bool is_long = beyond > 0 && s.in_pieces > beyond;
  return 2 * static_cast<int64_t>(s.request->adapter) + (is_long ? 1 : 0);
}

// A state to begin with: that of the longest beginning that was read before, else a new one. The last token is always read,
// for its logits; a prompt that is to be told is read whole.
Result<nn::SequenceState> Scheduler::state_for(Sequence& s) {
  s.cached = 0;
  if (!prefixes_.keeps() || s.request->prompt_probabilities) return session_->open();
  const auto [longest, whole] =
      prefixes_.find(prefix_key(s), std::span(s.text).first(static_cast<size_t>(s.prompt - 1)));
  auto go_on = [&](const PrefixTree::Match& match) -> Result<nn::SequenceState> {
    MALMOI_ASSIGN(nn::SequenceState state, match.state->fork());
    if (!state.truncate(match.length)) return session_->open();
    s.cached = match.length;
    return state;
  };
  if (longest.state && longest.length <= free_cut_) return go_on(longest);
  if (whole.state) return go_on(whole);
  return session_->open();
}

// After a step. Where a prompt may not be cut anywhere, what is kept ends where every prompt is cut.
void Scheduler::keep_prefix(Sequence& s) {
  const int64_t read = s.read();
  if (!prefixes_.keeps() || read > s.prompt || read <= s.cached) return;
  const bool cuts_anywhere = s.prompt <= free_cut_;
  if (cuts_anywhere ? read < s.prompt : read % options_.prefill_rows != 0) return;
  auto state = s.state.fork();
  if (!state.ok()) return;
  prefixes_.insert(prefix_key(s), std::span(s.text).first(static_cast<size_t>(read)), *std::move(state), cuts_anywhere);
}

}  // namespace malmoi::infer
