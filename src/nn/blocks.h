// Blocks: how norms, attention and feed-forward parts stand on the residual stream.
#pragma once

#include "base/rng.h"
#include "nn/attention.h"
#include "nn/mlp.h"
#include "nn/norm.h"

namespace malmoi::nn {

using autograd::BlockIo;

/// Norm before each part (GPT-2, Llama): the stream is only added to. `FeedForward` is any module of rows.
template <typename FeedForward>
struct PreNormBlock {
  Norm attention_norm, mlp_norm;
  SelfAttention attention;
  FeedForward mlp;

  /// x, delta -> the residual stream before the feed-forward part, and what that adds to it.
  BlockIo operator()(Context& context, const Batch& batch, int64_t slot, BlockIo io,
                     const DistanceBias& bias = {}) const {
    auto [x, h] = attention_norm(context, std::move(io.x), std::move(io.delta));  // [rows, width]
    Var attended = attention(context, std::move(h), batch, slot, bias);
    auto [x2, h2] = mlp_norm(context, std::move(x), std::move(attended));
    return {std::move(x2), mlp(context, std::move(h2))};
  }
};

/// Norm behind each sum (the original Transformer, BERT): the stream itself is normed.
template <typename FeedForward>
struct PostNormBlock {
  SelfAttention attention;
  Norm attention_norm;
  FeedForward mlp;
  Norm mlp_norm;

  BlockIo operator()(Context& context, const Batch& batch, int64_t slot, BlockIo io,
                     const DistanceBias& bias = {}) const {
    Var attended = attention(context, io.x, batch, slot, bias);  // [rows, width]
    Var h = attention_norm(context, std::move(io.x), std::move(attended)).normed;
    Var added = mlp(context, h);
    return {mlp_norm(context, std::move(h), std::move(added)).normed, {}};
  }
};

/// Norm of what each part adds, none of what it reads (Liu et al. 2022, "res-post-norm"; OLMo 2).
template <typename FeedForward>
struct ResPostNormBlock {
  SelfAttention attention;
  Norm attention_norm;
  FeedForward mlp;
  Norm mlp_norm;

  BlockIo operator()(Context& context, const Batch& batch, int64_t slot, BlockIo io,
                     const DistanceBias& bias = {}) const {
    Var attended = attention_norm(context, attention(context, io.x, batch, slot, bias));  // [rows, width]
    Var x = autograd::add(context, std::move(io.x), std::move(attended));
    Var added = mlp_norm(context, mlp(context, x));
    return {autograd::add(context, std::move(x), std::move(added)), {}};
  }
};

/// Norm of what each part reads and of what it adds (Gemma Team 2024).
template <typename FeedForward>
struct SandwichBlock {
  Norm attention_norm, attention_post_norm, mlp_norm, mlp_post_norm;
  SelfAttention attention;
  FeedForward mlp;

  BlockIo operator()(Context& context, const Batch& batch, int64_t slot, BlockIo io,
                     const DistanceBias& bias = {}) const {
    auto [x, h] = attention_norm(context, std::move(io.x), std::move(io.delta));  // [rows, width]
    Var attended = attention_post_norm(context, attention(context, std::move(h), batch, slot, bias));
    auto [x2, h2] = mlp_norm(context, std::move(x), std::move(attended));
    return {std::move(x2), mlp_post_norm(context, mlp(context, std::move(h2)))};
  }
};

/// Attention and the feed-forward part read the same stream, each behind a norm of its own, and are added together
/// (Wang & Komatsuzaki 2021). Where `mlp_norm` is not declared both read the one norm.
template <typename FeedForward>
struct ParallelBlock {
  Norm attention_norm, mlp_norm;
  SelfAttention attention;
  FeedForward mlp;
  double mlp_dropout = 0;  // of what the feed-forward part alone adds

  BlockIo operator()(Context& context, const Batch& batch, int64_t slot, BlockIo io,
                     const DistanceBias& bias = {}) const {
    auto [x, h] = attention_norm(context, std::move(io.x), std::move(io.delta));  // [rows, width]
    Var read = mlp_norm.weight ? Var{} : h;
    Var attended = attention(context, std::move(h), batch, slot, bias);
    if (mlp_norm.weight) read = mlp_norm(context, x);
    Var added = autograd::dropout(context, mlp(context, std::move(read)), mlp_dropout);
    return {std::move(x), autograd::add(context, std::move(attended), std::move(added))};
  }
};

/// A decoder's block over the memory of an encoder, with a norm before each part (T5). Its own keys have the slot given,
/// those of the memory the next one.
template <typename FeedForward>
struct CrossBlock {
  Norm attention_norm, cross_norm, mlp_norm;
  SelfAttention attention;
  CrossAttention cross;
  FeedForward mlp;

  /// `memory`: empty where the states hold its keys.
  BlockIo operator()(Context& context, const Batch& batch, int64_t slot, BlockIo io, Var memory,
                     const DistanceBias& bias = {}) const {
    auto [x, h] = attention_norm(context, std::move(io.x), std::move(io.delta));  // [rows, width]
    Var attended = attention(context, std::move(h), batch, slot, bias);
    auto [x2, h2] = cross_norm(context, std::move(x), std::move(attended));
    Var crossed = cross(context, std::move(h2), batch, slot + 1, std::move(memory));
    auto [x3, h3] = mlp_norm(context, std::move(x2), std::move(crossed));
    return {std::move(x3), mlp(context, std::move(h3))};
  }
};

/// The same with a norm behind each sum (the original Transformer, BART).
template <typename FeedForward>
struct PostNormCrossBlock {
  SelfAttention attention;
  Norm attention_norm;
  CrossAttention cross;
  Norm cross_norm;
  FeedForward mlp;
  Norm mlp_norm;

  BlockIo operator()(Context& context, const Batch& batch, int64_t slot, BlockIo io, Var memory,
                     const DistanceBias& bias = {}) const {
    Var attended = attention(context, io.x, batch, slot, bias);  // [rows, width]
    Var h = attention_norm(context, std::move(io.x), std::move(attended)).normed;
    Var crossed = cross(context, h, batch, slot + 1, std::move(memory));
    h = cross_norm(context, std::move(h), std::move(crossed)).normed;
    Var added = mlp(context, h);
    return {mlp_norm(context, std::move(h), std::move(added)).normed, {}};
  }
};

/// Whether a layer is left out this once, with probability p, while training (Fan et al. 2020). A rehearsal leaves out none.
inline bool drops_layer(Context& context, double p) {
  if (!context.training || p <= 0 || context.rehearsal()) return false;
  return Rng(context.seed, context.random_stream++).uniform() < p;
}

}  // namespace malmoi::nn
