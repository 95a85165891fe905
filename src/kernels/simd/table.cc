// The table of one instruction set.
#include "kernels/simd/table.h"

#include "kernels/gemm.h"

#define MALMOI_TEXT_(x) #x
#define MALMOI_TEXT(x) MALMOI_TEXT_(x)

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {

void gemm(Stream& stream, const GemmArgs& args) {
  if (!run_gemm(args)) fail_product(stream, args);
}

const Backend& table() {
  static constexpr Backend kTable = {
      .name = MALMOI_TEXT(MALMOI_SIMD_NAMESPACE),
      .device = Device::kCpu,
      .multiplies = can_gemm,
#define KERNEL(kernel, Args) .kernel = kernel,
#include "kernels/list.inc"
#undef KERNEL
  };
  return kTable;
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
