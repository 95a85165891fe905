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

std::span<const kernels::ScanRun> scan_runs(std::span<const Run> runs, std::span<float* const> states) {
  static thread_local std::vector<kernels::ScanRun> buffer;
  buffer.clear();
  for (size_t i = 0; i < runs.size(); ++i) {
    float* state = states.empty() ? nullptr : states[i];
    buffer.push_back({runs[i].begin, runs[i].length, state, state});
  }
  return buffer;
}

Tensor gradient_to_add_to(Context& context, Tape& tape, int32_t id, const Tensor& like) {
  if (Tensor there = tape.addable_grad(id)) return there;
  Tensor grad = context.temporary(like.dtype(), like.shape());
  context.step("clear gradient", 0, [&] { std::memset(grad.data(), 0, grad.bytes()); });
  if (id < 0) return grad;
  tape.give_grad(context, id, std::move(grad));
  return tape.addable_grad(id);
}

}  // namespace malmoi::autograd
