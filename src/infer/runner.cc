#include "infer/runner.h"

#include <algorithm>
#include <cstring>

namespace malmoi::infer {
namespace {

// Addresses, not memory: pages are taken when a pass first touches them.
constexpr size_t kArenaBytes = size_t{16} << 30;

}  // namespace

Runner::Runner(const model::Model& model, bool row_invariant) : model_(&model) {
  // Without the reservation the arena serves everything from the system; slower, still right.
  if (auto arena = Arena::create(kArenaBytes); arena.ok()) arena_ = std::move(*arena);
  context_.arena = &arena_;
  context_.pool = &pool_;
  context_.dtype = model.dtype();
  context_.row_invariant = row_invariant;
  context_.kernels = &kernels::kernels();
}

Tensor Runner::forward(const nn::Batch& batch) {
  Tensor hidden = model_->hidden(context_, batch).value;
  for (size_t i = 0; i < batch.states.size(); ++i) batch.states[i]->advance(batch.runs[i].length);
  return hidden;
}

std::span<const float> Runner::logits(const nn::Batch& batch, std::span<const int64_t> rows) {
  logits_ = Tensor();
  Tensor hidden = forward(batch);
  int64_t width = hidden.shape().columns(), count = static_cast<int64_t>(rows.size());
  bool all = count == hidden.shape().rows();
  for (int64_t i = 0; all && i < count; ++i) all = rows[static_cast<size_t>(i)] == i;
  if (!all) {
    Tensor chosen = context_.temporary(hidden.dtype(), {count, width});
    size_t row = static_cast<size_t>(width) * dtype_size(hidden.dtype());
    for (size_t i = 0; i < rows.size(); ++i) {
      std::memcpy(static_cast<std::byte*>(chosen.data()) + i * row,
                  static_cast<const std::byte*>(hidden.data()) + static_cast<size_t>(rows[i]) * row, row);
    }
    hidden = std::move(chosen);
  }
  logits_ = model_->logits(context_, hidden);
  return {logits_.as<float>(), static_cast<size_t>(logits_.elements())};
}

std::vector<float> Runner::hidden(const nn::Batch& batch) {
  Tensor hidden = forward(batch);
  std::vector<float> out(static_cast<size_t>(hidden.elements()));
  convert(hidden.data(), hidden.dtype(), out.data(), DType::kF32, out.size());
  return out;
}

}  // namespace malmoi::infer
