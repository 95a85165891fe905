// The providers of matrix products on the CPU (our own packed ones, oneDNN, portable loops) and the choice among them.
#pragma once

#include "kernels/backend.h"

namespace malmoi::kernels {

/// One way to compute products. `supports` says whether it can do this one on this machine.
struct GemmProvider {
  const char* name;
  bool (*supports)(const GemmArgs&);
  void (*run)(const GemmArgs&);
};

/// Runs on the first that can: 8 bits where asked for, our packed products (after oneDNN where MALMOI_GEMM=onednn asks for
/// it), the portable loops. False where no provider supports the product.
/// One compute thread at a time. Same sizes, types and thread count give the same bits.
bool run_gemm(const GemmArgs& args);
bool can_gemm(const GemmArgs& args);
/// Fails the stream with the types of a product that nobody multiplies.
void fail_product(Stream& stream, const GemmArgs& args);

/// The providers in order; a test holds them against the oracle.
const GemmProvider* gemm_providers(int& count);

/// Whether this machine multiplies in 8 bits; where it does not, GemmArgs::int8 changes nothing.
bool has_int8_products();

/// Whether this machine multiplies bf16 by itself. Where it does not, bf16 is widened on the way to products in f32: slower
/// than f32 that stands there.
bool has_bf16_products();

}  // namespace malmoi::kernels
