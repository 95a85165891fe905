// A block of a model as a typed member function, so that it can run again in the backward pass.
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "autograd/tape.h"

namespace malmoi::autograd {

/// The residual stream before a block's first norm, and what is still to be added to it (may be empty).
struct BlockIo {
  Var x, delta;
};

namespace detail {
using BlockFunction = BlockIo (*)(Context& context, const void* model, int64_t index, const void* batch, BlockIo io,
                                  std::span<const Var> shared);
BlockIo run_block(Context& context, BlockFunction function, const void* model, int64_t index, const void* batch,
                  BlockIo io, std::span<const Var> shared);
}  // namespace detail

/// Runs block `index` of a model: Layer is `BlockIo M::layer(Context&, int64_t index, const B& batch, BlockIo) const`, with
/// a further `std::span<const Var>` where blocks share values that take gradients (an encoder's memory, a bias of
/// positions). Under Checkpointing::kBlock only its inputs are kept; model and batch live until the backward pass is done.
template <auto Layer, typename M, typename B>
BlockIo block(Context& context, const M& model, int64_t index, const B& batch, BlockIo io,
              std::span<const Var> shared = {}) {
  auto function = [](Context& c, const void* m, int64_t i, const void* b, BlockIo in,
                     std::span<const Var> s) -> BlockIo {
    const M& self = *static_cast<const M*>(m);
    const B& rows = *static_cast<const B*>(b);
    if constexpr (std::is_invocable_v<decltype(Layer), const M&, Context&, int64_t, const B&, BlockIo,
                                      std::span<const Var>>)
      return (self.*Layer)(c, i, rows, std::move(in), s);
    else return (self.*Layer)(c, i, rows, std::move(in));
  };
  return detail::run_block(context, function, &model, index, &batch, std::move(io), shared);
}

}  // namespace malmoi::autograd
