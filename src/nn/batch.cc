#include "nn/batch.h"

#include <algorithm>
#include <cassert>

namespace malmoi::nn {

CarriedElements carried_elements(const Batch& batch, int64_t slot) {
  CarriedElements carried;
  for (SequenceState* state : batch.states) carried.before.push_back(state->elements(slot).data());
  for (SequenceState* state : batch.next_states) carried.after.push_back(state->elements(slot).data());
  return carried;
}

void BatchBuilder::clear() {
  ids_.clear();
  positions_.clear();
  text_lengths_.clear();
  token_types_.clear();
  adapters_.clear();
  key_mask_.clear();
  runs_.clear();
  first_rows_.clear();
  states_.clear();
  next_states_.clear();
  max_position_ = 0;
  longest_run_ = 0;
  masked_ = false;
}

void BatchBuilder::add(const RunInput& run) {
  auto length = static_cast<int64_t>(run.ids.size());
  first_rows_.push_back(static_cast<int32_t>(rows()));
  runs_.push_back({rows(), length, run.path});
  ids_.insert(ids_.end(), run.ids.begin(), run.ids.end());
  auto text_length = static_cast<int32_t>(run.text_length);
  for (size_t i = 0; i < run.ids.size(); ++i) {
    int32_t position = run.positions.empty() ? run.first_position + static_cast<int32_t>(i) : run.positions[i];
    positions_.push_back(position);
    max_position_ = std::max(max_position_, position);
    text_length = std::max(text_length, position + 1);
    token_types_.push_back(run.token_types.empty() ? 0 : run.token_types[i]);
    key_mask_.push_back(run.mask.empty() || run.mask[i] != 0);
    masked_ |= key_mask_.back() == 0;
  }
  text_lengths_.resize(ids_.size(), text_length);
  adapters_.resize(ids_.size(), run.adapter);
  longest_run_ = std::max(longest_run_, length);
  if (run.state) states_.push_back(run.state);
  assert(states_.empty() || states_.size() == runs_.size());  // all runs have a state, or none
}

void BatchBuilder::carry(std::span<SequenceState> states, std::span<SequenceState> next_states) {
  assert(states_.empty() && states.size() == runs_.size() && next_states.size() == runs_.size());
  for (SequenceState& state : states) states_.push_back(&state);
  for (SequenceState& state : next_states) next_states_.push_back(&state);
}

Batch BatchBuilder::batch() const {
  return {.ids = ids_,
          .positions = positions_,
          .token_types = token_types_,
          .text_lengths = text_lengths_,
          .adapters = adapters_,
          .key_mask = masked_ ? std::span<const uint8_t>(key_mask_) : std::span<const uint8_t>{},
          .runs = runs_,
          .first_rows = first_rows_,
          .states = states_,
          .next_states = next_states_,
          .max_position = max_position_,
          .longest_run = longest_run_};
}

}  // namespace malmoi::nn
