// The oracle's gradients of attention against central differences of its own forward pass, in f64.
#include "kernels/gradient_check.h"

namespace malmoi::kernels {
namespace {

struct Extras {
  int64_t prefix = 0, k_begin = 0;
  bool key_mask = false, bias = false, bias_by_key = false, sinks = false;
  float softcap = 0, dropout = 0;
};
struct Variant {
  const char* name;
  AttentionMask mask{};
  Extras with{};
};

const Variant kVariants[] = {
    {"plain", {.causal = false}},
    {"causal", {}},
    {"window", {.window = 3}},
    {"window to both sides", {.causal = false, .window = 2}},
    {"chunks", {.chunk = 4}, {.k_begin = 2}},
    {"prefix", {}, {.prefix = 4}},
    {"prefix, window and chunks", {.window = 2, .chunk = 3}, {.prefix = 1}},
    {"key mask and dropout", {.causal = false}, {.key_mask = true, .dropout = 0.3f}},
    {"soft cap", {}, {.softcap = 1.5f}},
    {"bias", {.causal = false}, {.bias = true}},
    {"bias by key", {}, {.k_begin = 1, .bias = true, .bias_by_key = true}},
    {"sinks", {}, {.sinks = true}},
    {"everything",
     {.window = 4, .chunk = 5},
     {.prefix = 1, .k_begin = 3, .key_mask = true, .bias = true, .sinks = true, .softcap = 1.5f, .dropout = 0.3f}},
};

constexpr int64_t kHeads = 4, kKvHeads = 2, kDim = 3, kValueDim = 5, kQueries = 5, kKeys = 7;
constexpr int64_t kQ = kHeads * kDim, kOut = kHeads * kValueDim, kK = kKvHeads * kDim, kV = kKvHeads * kValueDim;
constexpr int64_t kLeft = 3, kRight = 2, kBias = kHeads * (kLeft + 1 + kRight);

TEST(Oracle, AttentionGradients) {
  for (const Variant& variant : kVariants) {
    Values q = random_values(kQueries * kQ, 1), k = random_values(kKeys * kK, 2), v = random_values(kKeys * kV, 3);
    Values out(kQueries * kOut), lse(kHeads * kQueries), dout = random_values(kQueries * kOut, 4);
    Values bias = random_values(kBias, 5), sinks = random_values(kHeads, 6);
    Values dq(q.size()), dk(k.size()), dv(v.size()), dbias(kBias), dsinks(kHeads);
    std::vector<uint8_t> mask = {1, 1, 0, 1, 1, 1, 1};
    AttentionSegment segment{.q_length = kQueries,
                             .k = k.data(),
                             .v = v.data(),
                             .dk = dk.data(),
                             .dv = dv.data(),
                             .k_length = kKeys,
                             .k_begin = variant.with.k_begin,
                             .prefix = variant.with.prefix,
                             .key_mask = variant.with.key_mask ? mask.data() : nullptr};
    AttentionArgs a{.dtype = DType::kF64,
                    .heads = kHeads,
                    .kv_heads = kKvHeads,
                    .head_dim = kDim,
                    .value_dim = kValueDim,
                    .q_stride = kQ,
                    .k_stride = kK,
                    .v_stride = kV,
                    .out_stride = kOut,
                    .scale = 0.6f,
                    .softcap = variant.with.softcap,
                    .mask = variant.mask,
                    .bias = variant.with.bias ? bias.data() : nullptr,
                    .bias_left = variant.with.bias_by_key ? 0 : kLeft,
                    .bias_right = variant.with.bias_by_key ? kLeft + kRight : kRight,
                    .bias_by_key = variant.with.bias_by_key,
                    .sinks = variant.with.sinks ? sinks.data() : nullptr,
                    .segments = &segment,
                    .num_segments = 1,
                    .total_rows = kQueries,
                    .q = q.data(),
                    .out = out.data(),
                    .lse = lse.data(),
                    .dropout = {.p = variant.with.dropout, .seed = 2, .stream = 9}};
    auto forward = [&] {
      oracle().attention(stream(), a);
      return dot(out, dout);
    };
    forward();
    oracle().attention_backward(stream(), {.forward = a,
                                           .dout = dout.data(),
                                           .dq = dq.data(),
                                           .dbias = variant.with.bias ? dbias.data() : nullptr,
                                           .dsinks = variant.with.sinks ? dsinks.data() : nullptr});
    std::string name = variant.name;
    expect_gradient(name + " q", q, dq, forward);
    expect_gradient(name + " k", k, dk, forward);
    expect_gradient(name + " v", v, dv, forward);
    if (variant.with.bias) expect_gradient(name + " bias", bias, dbias, forward);
    if (variant.with.sinks) expect_gradient(name + " sinks", sinks, dsinks, forward);
  }
}

/// The mask by hand: with one-hot values, a query's row of out shows which keys it sees.
std::vector<std::string> seen_keys(const AttentionMask& mask, int64_t queries, int64_t keys, int64_t prefix,
                                   int64_t k_begin) {
  auto n = static_cast<size_t>(queries * keys);
  Values q(static_cast<size_t>(queries)), k(static_cast<size_t>(keys)), v(static_cast<size_t>(keys * keys)), out(n);
  for (int64_t j = 0; j < keys; ++j) v[static_cast<size_t>(j * keys + j)] = 1;
  AttentionSegment segment{
      .q_length = queries, .k = k.data(), .v = v.data(), .k_length = keys, .k_begin = k_begin, .prefix = prefix};
  oracle().attention(stream(), {.dtype = DType::kF64,
                                .heads = 1,
                                .kv_heads = 1,
                                .head_dim = 1,
                                .value_dim = keys,
                                .q_stride = 1,
                                .k_stride = 1,
                                .v_stride = keys,
                                .out_stride = keys,
                                .mask = mask,
                                .segments = &segment,
                                .num_segments = 1,
                                .total_rows = queries,
                                .q = q.data(),
                                .out = out.data()});
  std::vector<std::string> rows(static_cast<size_t>(queries));
  for (size_t i = 0; i < n; ++i) rows[i / static_cast<size_t>(keys)] += out[i] > 0 ? 'x' : '.';
  return rows;
}

TEST(Oracle, AttentionMasks) {
  using Rows = std::vector<std::string>;
  EXPECT_EQ(seen_keys({}, 2, 4, 0, 0), (Rows{"xxx.", "xxxx"}));
  EXPECT_EQ(seen_keys({.causal = false}, 2, 4, 0, 0), (Rows{"xxxx", "xxxx"}));
  EXPECT_EQ(seen_keys({.window = 2}, 4, 4, 0, 0), (Rows{"x...", "xx..", ".xx.", "..xx"}));
  EXPECT_EQ(seen_keys({.causal = false, .window = 2}, 4, 4, 0, 0), (Rows{"xx..", "xxx.", ".xxx", "..xx"}));
  EXPECT_EQ(seen_keys({.chunk = 2}, 4, 4, 0, 0), (Rows{"x...", "xx..", "..x.", "..xx"}));
  EXPECT_EQ(seen_keys({.chunk = 2}, 4, 4, 0, 3), (Rows{"x...", ".x..", ".xx.", "...x"}));
  EXPECT_EQ(seen_keys({.causal = false, .chunk = 3}, 4, 4, 0, 0), (Rows{"xxx.", "xxx.", "xxx.", "...x"}));
  EXPECT_EQ(seen_keys({}, 4, 4, 2, 0), (Rows{"xx..", "xx..", "xxx.", "xxxx"}));
  EXPECT_EQ(seen_keys({.window = 1}, 4, 4, 1, 0), (Rows{"x...", "xx..", "x.x.", "x..x"}));
}

}  // namespace
}  // namespace malmoi::kernels
