// Run-time choice of kernels, and the scratch sizes that all instruction sets share.
#include "kernels/kernels.h"

#include "base/parallel.h"

namespace malmoi::kernels {

namespace baseline {
const Backend& table();
}
namespace avx2 {
const Backend& table();
}
namespace avx512 {
const Backend& table();
}
namespace avx512_bf16 {
const Backend& table();
}

const Backend* isa_backend(Isa isa) {
  switch (isa) {
    case Isa::kBaseline: return &baseline::table();
#ifdef MALMOI_SIMD_avx2
    case Isa::kAvx2: return &avx2::table();
#endif
#ifdef MALMOI_SIMD_avx512
    case Isa::kAvx512: return &avx512::table();
    case Isa::kAvx512Bf16: return &avx512_bf16::table();
#endif
    default: return nullptr;
  }
}

const Backend& cpu_backend() {
  static const Backend& table = []() -> const Backend& {
    const Backend* own = isa_backend(active_isa());
    return own ? *own : reference_backend();
  }();
  return table;
}

namespace {

Error no_product(const GemmArgs& a) {
  auto name = [](DType type) { return std::string(dtype_name(type)); };
  return unsupported("no product of " + name(a.a_type) + " rows and " + name(a.b_type) + " weights into " +
                         name(a.c_type) + " is known here",
                     "matrix product", "use f32 or bf16 for both");
}

}  // namespace

Status supports(const Backend& backend, const GemmArgs& args) {
  return backend.multiplies(args) ? Status() : Status(no_product(args));
}

void fail_product(Stream& stream, const GemmArgs& args) { stream.fail(no_product(args)); }

size_t norm_backward_scratch(int64_t, int64_t cols, DType) {
  return static_cast<size_t>(num_threads()) * 2 * static_cast<size_t>(cols) * sizeof(float);
}

size_t bias_backward_scratch(int64_t, int64_t cols) {
  return static_cast<size_t>(num_threads()) * static_cast<size_t>(cols) * sizeof(float);
}

size_t embedding_backward_scratch(int64_t rows, int64_t vocab) {
  return (static_cast<size_t>(vocab) + 1 + static_cast<size_t>(rows)) * sizeof(int32_t);
}

}  // namespace malmoi::kernels
