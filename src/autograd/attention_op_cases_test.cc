// Cases of attention: fused and separate operands, another text's keys, biases by distance, sinks.
#include "autograd/op_cases.h"

namespace malmoi::autograd {
namespace {

const std::vector<Run> kQueryRuns = {{0, 3}, {3, 3}};
const std::vector<Run> kMemoryRuns = {{0, 2}, {2, 4}};
const std::vector<int64_t> kPrefixes = {2, 1};
const std::vector<uint8_t> kMask = {1, 1, 0, 1, 0, 1};

OpCase fused(const char* name, const AttentionOptions& options) {
  return {"attention", name, [=](Bench& b, std::vector<Var>& in) {
            b.context.training = options.dropout > 0;
            int64_t q = options.heads * options.head_dim, kv = options.kv_heads * options.head_dim;
            in = {b.input(1, {6, q + 2 * kv})};
            return std::vector<Var>{attention(b.context, {in[0], 0, q}, {in[0], q, kv}, {in[0], q + kv, kv}, options)};
          }};
}

// Of two texts, the longer of four rows; `queries` and `keys`: first columns of those of positions.
OpCase disentangled(const char* name, const RelativePositions& relative, int64_t queries, int64_t keys, float dropout,
                    std::span<const uint8_t> mask = {}) {
  return {"disentangled_attention", name, [=](Bench& b, std::vector<Var>& in) {
            static const std::vector<Run> kTexts = {{0, 4}, {4, 2}};
            b.context.training = dropout > 0;
            int64_t first = relative.row(-3), rows = relative.row(3) - first + 1;
            bool positions = queries >= 0 || keys >= 0;
            in = {b.input(1, {6, 24})};
            if (positions) in.push_back(b.input(2, {rows, 16}));
            return std::vector<Var>{disentangled_attention(b.context, in[0], positions ? in[1] : Var{},
                                                           {.heads = 2,
                                                            .head_dim = 4,
                                                            .scale = 0.4f,
                                                            .dropout = dropout,
                                                            .runs = kTexts,
                                                            .key_mask = mask,
                                                            .relative = relative,
                                                            .first_row = first,
                                                            .position_queries = queries,
                                                            .position_keys = keys})};
          }};
}

}  // namespace

std::vector<OpCase> attention_op_cases() {
  AttentionOptions two{.heads = 2, .kv_heads = 2, .head_dim = 4, .scale = 0.5f, .runs = kQueryRuns};
  auto with = [&](auto change) {
    AttentionOptions o = two;
    change(o);
    return o;
  };
  return {
      fused("causal, grouped queries, two runs", with([](auto& o) { o.heads = 4; })),
      fused("window and soft cap", with([](auto& o) { o.softcap = 2, o.mask.window = 2; })),
      fused("both directions, with dropout", with([](auto& o) { o.mask.causal = false, o.dropout = 0.25f; })),
      fused("prefixes that all queries see", with([](auto& o) { o.prefixes = kPrefixes; })),
      fused("padding among the keys", with([](auto& o) { o.mask.causal = false, o.key_mask = kMask; })),
      {"attention", "another text's keys, values of another width",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8}), b.input(2, {6, 14})};
         AttentionOptions o{.heads = 2,
                            .kv_heads = 2,
                            .head_dim = 4,
                            .value_dim = 3,
                            .scale = 0.5f,
                            .runs = kQueryRuns,
                            .key_runs = kMemoryRuns};
         o.mask.causal = false;
         return std::vector<Var>{attention(b.context, {in[0], 0, 8}, {in[1], 0, 8}, {in[1], 8, 6}, o)};
       }},
      {"attention", "three tensors, columns that nobody reads",
       [two](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 10}), b.input(2, {6, 8}), b.input(3, {6, 9})};
         return std::vector<Var>{attention(b.context, {in[0], 2, 8}, {in[1], 0, 8}, {in[2], 1, 8}, two)};
       }},
      {"attention", "sinks",
       [two](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 24})};
         AttentionOptions o = two;
         o.sinks = b.parameter(2, {2});
         return std::vector<Var>{attention(b.context, {in[0], 0, 8}, {in[0], 8, 8}, {in[0], 16, 8}, o)};
       }},
      {"latent_keys", "own parts and one that all heads share",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 3 * (4 + 5)}), b.input(2, {6, 7})};
         LatentKeys heads =
             latent_keys(b.context, in[0], {in[1], 5, 2}, {.heads = 3, .own_dim = 4, .shared_dim = 2, .value_dim = 5});
         return std::vector<Var>{heads.keys, heads.values};
       }},
      {"distance_bias", "buckets of distances before the query, through attention",
       [two](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 24})};
         AttentionOptions o = two;
         o.bias_left = 2;
         Var bias = distance_bias(b.context, *b.parameter(2, {4, 2}), {.buckets = 4, .max_distance = 3, .left = 2});
         return std::vector<Var>{attention(b.context, {in[0], 0, 8}, {in[0], 8, 8}, {in[0], 16, 8}, o, bias)};
       }},
      {"distance_bias", "by the position of the key, through attention",
       [two](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 24})};
         AttentionOptions o = two;
         o.bias_right = 2;
         o.bias_by_key = true;
         Var bias = distance_bias(b.context, *b.parameter(2, {8, 2}),
                                  {.buckets = 8, .max_distance = 8, .bidirectional = true, .right = 2});
         return std::vector<Var>{attention(b.context, {in[0], 0, 8}, {in[0], 8, 8}, {in[0], 16, 8}, o, bias)};
       }},
      disentangled("all parts of the scores, far distances by logarithm", {.buckets = 4, .max_distance = 6, .span = 4},
                   0, 8, 0),
      disentangled("a table shorter than the text, padding", {.max_distance = 2, .span = 2}, 0, 8, 0, kMask),
      disentangled("keys of positions alone, with dropout", {.max_distance = 8, .span = 8}, -1, 0, 0.25f),
      disentangled("contents alone", {.max_distance = 8, .span = 8}, -1, -1, 0, kMask),
      {"distance_bias", "buckets on both sides",
       [](Bench& b, std::vector<Var>&) {
         return std::vector<Var>{
             distance_bias(b.context, *b.parameter(2, {8, 3}),
                           {.buckets = 8, .max_distance = 20, .bidirectional = true, .left = 9, .right = 30})};
       }},
  };
}

}  // namespace malmoi::autograd
