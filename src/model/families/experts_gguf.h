// What GGUF files of several families say of experts.
#pragma once

#include <cstdint>

namespace malmoi::model {

/// How experts are scored: llama.cpp's numbers under "expert_gating_func".
inline constexpr uint32_t kGgufSoftmax = 1, kGgufSigmoid = 2;

}  // namespace malmoi::model
