// The kernels of a device: contract/ says what each computes, on which layout, in which types; list.inc names them all; a
// Backend is one table of them: an instruction set (simd/, written once and compiled for each), the scalar oracle in f64
// (ref/), or another device (cuda/).
//
// Common to all: rows are contiguous; `dtype` is the type of activations (kF32 or kBF16; the oracle also kF64); every
// sum is kept in f32 at least (the oracle: f64). Weights of norms, biases and all gradients of parameters are f32
// (oracle: f64). Kernels divide their work by parallel_for in an order that depends only on sizes and the number of
// threads, so results repeat to the bit. Nothing is allocated: scratch is passed in, its size comes from the function
// beside the kernel. In and out may alias only where it is said. Sizes may be zero. Work is ordered by its stream, and what
// goes wrong in it is told when the stream is asked (Stream::sync).
#pragma once

#include "kernels/contract/activation.h"
#include "kernels/contract/attention.h"
#include "kernels/contract/block_product.h"
#include "kernels/contract/byte_rows.h"
#include "kernels/contract/columns.h"
#include "kernels/contract/conv.h"
#include "kernels/contract/delta_rule.h"
#include "kernels/contract/disentangled.h"
#include "kernels/contract/embedding.h"
#include "kernels/contract/experts.h"
#include "kernels/contract/gated_norm.h"
#include "kernels/contract/head_norm.h"
#include "kernels/contract/latent.h"
#include "kernels/contract/loss.h"
#include "kernels/contract/norm.h"
#include "kernels/contract/parameters.h"
#include "kernels/contract/product.h"
#include "kernels/contract/rg_lru.h"
#include "kernels/contract/recurrent.h"
#include "kernels/contract/rotary.h"
#include "kernels/contract/scan.h"
#include "kernels/contract/selective_scan.h"
#include "kernels/contract/wkv.h"
#include "tensor/device.h"

namespace malmoi {
class Stream;
}

namespace malmoi::kernels {

/// The kernels of one instruction set or device.
struct Backend {
  const char* name;
  Device device;
  /// Whether the product's types and layout can be multiplied; gemm and row_product must not be called where not.
  bool (*multiplies)(const GemmArgs& args);
#define KERNEL(kernel, Args) void (*kernel)(Stream & stream, const Args& args);
#include "kernels/list.inc"
#undef KERNEL
};

}  // namespace malmoi::kernels
