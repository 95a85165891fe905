// The CUDA table of a build without CUDA: every entry fails the stream, naming what was asked for.
#include "kernels/kernels.h"

namespace malmoi::kernels {
namespace {

void missing(Stream& stream, const char* kernel) {
  stream.fail(unsupported(std::string("the kernel '") + kernel + "' needs a CUDA device, which this build has not",
                          "device", "build with the preset cuda, or use the device cpu"));
}

}  // namespace

const Backend& cuda_backend() {
  static constexpr Backend kTable = {
      .name = "cuda (not in this build)",
      .device = Device::kCuda,
      .multiplies = [](const GemmArgs&) { return false; },
#define KERNEL(kernel, Args) .kernel = [](Stream& stream, const Args&) { missing(stream, #kernel); },
#include "kernels/list.inc"
#undef KERNEL
  };
  return kTable;
}

}  // namespace malmoi::kernels
