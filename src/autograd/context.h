// The explicit context of a forward pass: memory, types, random numbers, and a tape or none.
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>

#include "autograd/profile.h"
#include "base/log.h"
#include "kernels/kernels.h"
#include "tensor/tensor.h"

namespace malmoi::autograd {

class Tape;
class RouterBalance;
class AttentionProbe;

/// What the forward pass keeps for the backward pass.
enum class Checkpointing : uint8_t {
  kNone,   // everything
  kCheap,  // norms and activations are computed again (a few per cent of a step)
  kBlock,  // only each block's inputs; the block runs again (about a third more products)
};

/// With a tape it trains; without, it serves or evaluates. Owned by one thread. Everything it points to outlives it.
struct Context {
  Arena* arena = nullptr;
  StoragePool* pool = nullptr;
  Stream* stream = nullptr;
  const kernels::Backend* backend = nullptr;
  Tape* tape = nullptr;        // null: nothing is recorded
  DType dtype = DType::kF32;   // of activations
  bool training = false;       // dropout is active
  bool int8_products = false;  // forward and back to inputs, where the machine has them
  bool whole_rows = false;     // packed weights multiply rows that are not rounded, as with a tape
  bool row_invariant = false;  // serving: a row's bits do not depend on what else is in the batch
  Checkpointing checkpointing = Checkpointing::kCheap;
  /// Serving: which of several adapters each row of products goes through, -1: none; one number: all rows (AdaptedWeight).
  std::span<const int32_t> row_adapters = {};
  uint64_t seed = 0;
  uint64_t random_stream = 0;        // of the next dropout; set to a function of the micro-batch before each pass
  RouterBalance* balance = nullptr;  // gathers the routers' load where a loss of it is wanted
  Profile* profile = nullptr;
  AttentionProbe* probe = nullptr;  // is shown the attention of a pass without a tape
  double flops = 0;                 // of products and attention so far, also in a rehearsal

  /// A rehearsal goes through every allocation and computes nothing.
  bool rehearsal() const { return arena->is_rehearsal(); }
  /// Means, norms and log-sums are kept in f32, under the oracle in f64.
  DType statistics_type() const { return dtype == DType::kF64 ? DType::kF64 : DType::kF32; }
  Tensor temporary(DType type, Shape shape) { return Tensor::in_arena(*arena, *pool, type, shape); }
  Tensor scratch(size_t bytes) { return temporary(DType::kU8, {static_cast<int64_t>(bytes)}); }
  kernels::Dropout next_dropout(float p) {
    if (!training || p <= 0) return {};
    return {p, seed, random_stream++};
  }

  /// Runs a kernel of the backend: skipped in a rehearsal, timed under a profile.
  template <typename Args>
  void run(const char* name, double cost, void (*kernels::Backend::*kernel)(Stream&, const Args&),
           const std::type_identity_t<Args>& args) {
    step(name, cost, [&] { (backend->*kernel)(*stream, args); });
  }
  /// The same of any other work on memory.
  template <typename Work>
  void step(const char* name, double cost, const Work& work) {
    flops += cost;
    if (rehearsal()) return;
    if (!profile) {
      work();
      return;
    }
    double begin = monotonic_seconds();
    work();
    profile->add(name, begin, monotonic_seconds(), cost);
  }
};

}  // namespace malmoi::autograd
