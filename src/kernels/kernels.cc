// Run-time choice of kernels, and the scratch sizes that all instruction sets share.
#include "kernels/kernels.h"

#include "base/parallel.h"
#include "kernels/attention_layout.h"

namespace malmoi::kernels {

namespace baseline {
const KernelTable& table();
}
namespace avx2 {
const KernelTable& table();
}
namespace avx512 {
const KernelTable& table();
}

const KernelTable* kernel_table(Isa isa) {
  switch (isa) {
    case Isa::kBaseline: return &baseline::table();
#ifdef MALMOI_SIMD_avx2
    case Isa::kAvx2: return &avx2::table();
#endif
#ifdef MALMOI_SIMD_avx512
    case Isa::kAvx512: return &avx512::table();
#endif
    default: return nullptr;
  }
}

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

size_t attention_scratch(const AttentionArgs& args) {
  return static_cast<size_t>(num_threads() * forward_words(args)) * sizeof(float);
}

size_t attention_backward_scratch(const AttentionArgs& args) {
  return static_cast<size_t>(num_threads() * backward_words(args)) * sizeof(float);
}

}  // namespace malmoi::kernels
