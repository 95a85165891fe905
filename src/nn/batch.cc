#include "nn/batch.h"

#include <algorithm>

namespace malmoi::nn {

void BatchBuilder::clear() {
  ids_.clear();
  positions_.clear();
  runs_.clear();
  states_.clear();
  max_position_ = 0;
}

void BatchBuilder::add(std::span<const int32_t> ids, int32_t first_position, SequenceState* state) {
  runs_.push_back({rows(), static_cast<int64_t>(ids.size())});
  ids_.insert(ids_.end(), ids.begin(), ids.end());
  for (size_t i = 0; i < ids.size(); ++i) positions_.push_back(first_position + static_cast<int32_t>(i));
  max_position_ = std::max(max_position_, first_position + static_cast<int32_t>(ids.size()) - 1);
  if (state) states_.push_back(state);
}

Batch BatchBuilder::batch() const { return {ids_, positions_, runs_, states_, max_position_}; }

}  // namespace malmoi::nn
