// Our own packed products: what gemm_packed.cc asks of each instruction set.
#pragma once

#include "kernels/gemm.h"

namespace malmoi::kernels {

/// How one product is cut up: blocks in elements of m and n and in words of k, a grid of parts over C.
struct PackedPlan {
  int64_t block_m = 0, block_n = 0, block_k = 0;
  int64_t most_m = 0;  // rows that share one packing of B
  int grid_m = 1, grid_n = 1;
  bool pack_a = false;   // A is not rows of words as it lies
  bool partial = false;  // sums pass through f32 scratch between blocks of k
  int64_t words = 0;     // of scratch a thread
};

struct PackedProducts {
  PackedPlan (*plan)(const GemmArgs&, int threads);
  void (*run)(const GemmArgs&, const PackedPlan&, void* scratch);
};

namespace baseline {
const PackedProducts& packed_products();
}
namespace avx2 {
const PackedProducts& packed_products();
}
namespace avx512 {
const PackedProducts& packed_products();
}
namespace avx512_bf16 {
const PackedProducts& packed_products();
}

}  // namespace malmoi::kernels
