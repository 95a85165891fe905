#include "autograd/columns.h"

#include <cstring>
#include <utility>
#include <vector>

namespace malmoi::autograd {

int64_t rows_of(std::span<const Run> runs) {
  int64_t rows = 0;
  for (const Run& run : runs) rows += run.length;
  return rows;
}

Tensor rows_of_runs(Context& context, const Tensor& like, int64_t width, std::span<const Run> runs) {
  Tensor y = context.temporary(like.dtype(), {like.shape().rows(), width});
  if (rows_of(runs) < like.shape().rows()) {
    context.step("clear rows", 0, [&] { std::memset(y.data(), 0, y.bytes()); });
  }
  return y;
}

std::span<const kernels::StateRun> state_runs(std::span<const Run> runs, std::span<float* const> states,
                                              std::span<float* const> next_states) {
  static thread_local std::vector<kernels::StateRun> buffer;
  buffer.clear();
  for (size_t i = 0; i < runs.size(); ++i) {
    float* state = states.empty() ? nullptr : states[i];
    buffer.push_back({runs[i].begin, runs[i].length, state, next_states.empty() ? state : next_states[i]});
  }
  return buffer;
}

Tensor keep_states(Context& context, std::span<float* const> states) {
  if (states.empty()) return {};
  Tensor kept = context.scratch(states.size_bytes());
  context.step("keep states", 0, [&] { std::memcpy(kept.data(), states.data(), states.size_bytes()); });
  return kept;
}

std::span<float* const> kept_states(const Tensor& kept) {
  if (!kept) return {};
  return {static_cast<float* const*>(kept.data()), kept.bytes() / sizeof(float*)};
}

Tensor gradient_to_add_to(Context& context, Tape& tape, int32_t id, const Tensor& like) {
  if (Tensor there = tape.addable_grad(id)) return there;
  Tensor grad = context.temporary(like.dtype(), like.shape());
  context.step("clear gradient", 0, [&] { std::memset(grad.data(), 0, grad.bytes()); });
  if (id < 0) return grad;
  tape.give_grad(context, id, std::move(grad));
  return tape.addable_grad(id);
}

void gradients_to_add_to(Context& context, Tape& tape, const Record& record, std::span<Tensor> grads) {
  auto is_one_tensor = [&](size_t i, size_t j) {
    return record.inputs[i] == record.inputs[j] && record.saved[i].value.data() == record.saved[j].value.data();
  };
  for (size_t i = 0; i < grads.size(); ++i) {
    for (size_t j = 0; j < i && !grads[i]; ++j) {
      if (is_one_tensor(i, j)) grads[i] = grads[j];
    }
    if (!grads[i]) grads[i] = gradient_to_add_to(context, tape, record.inputs[i], record.saved[i].value);
  }
}

}  // namespace malmoi::autograd
