// The providers of matrix products; gemm.cc puts them in order.
#pragma once

#include <mutex>

#include "kernels/gemm.h"

namespace malmoi::kernels {

/// oneDNN's matmul: f32 everywhere, bf16 where its effective instruction set multiplies bf16.
const GemmProvider& onednn_provider();

/// Our own, packed, on the instruction set in use: f32 and bf16.
const GemmProvider& packed_provider();

/// Our own, rounded to 8 bits: only products that allow it.
const GemmProvider& int8_provider();

/// Straight loops for every type and layout.
const GemmProvider& portable_provider();

/// The one scratch of our own products, grown to the largest met and held for one product at a time.
class ScratchLock {
 public:
  explicit ScratchLock(size_t bytes);
  void* memory() const { return memory_; }

 private:
  std::unique_lock<std::mutex> lock_;
  void* memory_;
};

}  // namespace malmoi::kernels
