#include "train/streams.h"

#include <algorithm>

namespace malmoi::train {

Result<Streams> Streams::create(const model::Backbone& backbone, int64_t rows) {
  std::vector<nn::LayerState> layers = backbone.states();
  size_t elements = 0;
  for (const nn::LayerState& layer : layers) elements += static_cast<size_t>(layer.elements);
  Streams streams;
  MALMOI_ASSIGN(streams.pool_, nn::StatePool::create(std::move(layers), DType::kF32,
                                                     2 * static_cast<size_t>(rows) * elements * sizeof(float)));
  for (std::vector<nn::SequenceState>* states : {&streams.before_, &streams.after_}) {
    for (int64_t row = 0; row < rows; ++row) {
      MALMOI_ASSIGN(nn::SequenceState state, streams.pool_->open());
      states->push_back(std::move(state));
    }
  }
  return streams;
}

void Streams::restart() {
  for (CheckpointTensor& state : tensors()) std::fill_n(state.values.as<float>(), state.values.elements(), 0.0f);
}

void Streams::attach(int64_t first, Examples& examples) {
  auto from = static_cast<size_t>(first), count = examples.input.runs().size();
  examples.input.carry(std::span(before_).subspan(from, count), std::span(after_).subspan(from, count));
}

std::vector<CheckpointTensor> Streams::tensors() {
  std::vector<CheckpointTensor> list;
  for (size_t row = 0; row < before_.size(); ++row) {
    for (size_t slot = 0; slot < pool_->layers().size(); ++slot) {
      std::span<float> values = before_[row].elements(static_cast<int64_t>(slot));
      list.push_back({"streams/" + std::to_string(row) + "/" + std::to_string(slot),
                      Tensor::view(values.data(), DType::kF32, {static_cast<int64_t>(values.size())})});
    }
  }
  return list;
}

}  // namespace malmoi::train
