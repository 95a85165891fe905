// Run-time choice of kernels, and the scratch sizes that all instruction sets share.
#include "kernels/kernels.h"

#include "base/parallel.h"

namespace malmoi::kernels {

const KernelTable* kernel_table(Isa) { return nullptr; }

const KernelTable& kernels() {
  static const KernelTable& table = []() -> const KernelTable& {
    const KernelTable* own = kernel_table(active_isa());
    return own ? *own : reference_kernels();
  }();
  return table;
}

size_t norm_backward_scratch(int64_t, int64_t cols, DType) {
  return static_cast<size_t>(num_threads()) * 2 * static_cast<size_t>(cols) * sizeof(float);
}

size_t bias_backward_scratch(int64_t, int64_t cols) {
  return static_cast<size_t>(num_threads()) * static_cast<size_t>(cols) * sizeof(float);
}

size_t embedding_backward_scratch(int64_t rows, int64_t vocab) {
  return (static_cast<size_t>(vocab) + 1 + static_cast<size_t>(rows)) * sizeof(int32_t);
}

size_t attention_scratch(const AttentionArgs&) { return 0; }

size_t attention_backward_scratch(const AttentionArgs& args) {
  return static_cast<size_t>(args.heads) * static_cast<size_t>(args.total_rows) * sizeof(float);
}

}  // namespace malmoi::kernels
