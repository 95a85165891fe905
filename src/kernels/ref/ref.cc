// The oracle's table.
#include "kernels/ref/ref.h"

#include "kernels/gemm_internal.h"

namespace malmoi::kernels {

void ref::gemm(Stream& stream, const GemmArgs& args) {
  if (portable_provider().supports(args)) portable_provider().run(args);
  else fail_product(stream, args);
}

const Backend& reference_backend() {
  static const Backend table = {
      .name = "reference",
      .device = Device::kCpu,
      .multiplies = portable_provider().supports,
#define KERNEL(kernel, Args) .kernel = ref::kernel,
#include "kernels/list.inc"
#undef KERNEL
  };
  return table;
}

}  // namespace malmoi::kernels
