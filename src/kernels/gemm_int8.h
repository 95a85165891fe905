// Products rounded to 8 bits: what gemm_int8.cc asks of each instruction set with VNNI.
#pragma once

#include "kernels/gemm.h"

namespace malmoi::kernels {

struct Int8Products {
  /// Bytes that a product packs into.
  size_t (*scratch_bytes)(const GemmArgs& args, int threads);
  /// A and B bf16, A not transposed.
  void (*run)(const GemmArgs& args, int threads, void* scratch);
};

namespace avx512 {
const Int8Products& int8_products();
}
namespace avx512_bf16 {
const Int8Products& int8_products();
}

}  // namespace malmoi::kernels
