// Qwen3 MoE (Yang et al. 2025): Qwen3's decoder, with a mixture of experts in all layers or in some of them.
#include <algorithm>

#include "model/families/llama_decoder.h"
#include "model/families/llama_gguf.h"
#include "nn/either.h"
#include "nn/experts.h"

namespace malmoi::model::qwen3_moe {
namespace {

using FeedForward = nn::Either<nn::GatedMlp, nn::Experts>;

// Which layers have experts: every so many, but for those that are named.
std::vector<bool> read_sparse_layers(ConfigFields& f, int64_t layers) {
  int64_t step = f.integer("decoder_sparse_step", 1, 1);
  std::vector<double> dense = f.reader().numbers("mlp_only_layers");
  f.publish("mlp_only_layers", dense.empty() ? Json::array() : f.reader().raw("mlp_only_layers"));
  std::vector<bool> sparse;
  for (int64_t i = 0; i < layers; ++i)
    sparse.push_back((i + 1) % step == 0 && std::ranges::find(dense, static_cast<double>(i)) == dense.end());
  return sparse;
}

Parts make(ConfigFields& f, Task, int64_t) {
  LlamaConfig c = read_llama_fields(
      f, {.vocab_size = 151936, .intermediate_size = 6144, .max_position_embeddings = 32768, .num_key_value_heads = 4});
  c.qkv_bias = c.out_bias = f.flag("attention_bias", false);
  c.qk_norm = nn::QkNorm::kEachHead;
  bool use_window = f.flag("use_sliding_window", false);
  int64_t window = f.optional_integer("sliding_window", 4096);
  if (use_window) std::ranges::fill(c.window, window);  // of all layers: the reference does not read max_window_layers
  nn::ExpertsSpec experts{
      .width = c.hidden_size,
      .inner = f.size("moe_intermediate_size", {768, std::max<int64_t>(c.intermediate_size / 4, 1)}),
      .experts = f.size("num_experts", "num_local_experts", {128, 8}),
      .top_k = f.size("num_experts_per_tok", {8, 2}),
      .activation = c.hidden_act,
      .renormalise = f.flag("norm_topk_prob", false),
      .gate_name = "gate_proj",
      .up_name = "up_proj",
      .down_name = "down_proj"};
  std::vector<bool> sparse = read_sparse_layers(f, static_cast<int64_t>(c.window.size()));
  double balance = f.number("router_aux_loss_coef", 0.001, 0, 1e6);
  bool with_balance = f.flag("output_router_logits", false);
  if (experts.top_k > experts.experts) f.fail("num_experts_per_tok", "is larger than num_experts", "use fewer");
  if (experts.experts > kMostExperts / c.num_hidden_layers) f.fail("num_experts", "is too large for so many layers");
  if (f.failed()) return {};
  Parts parts =
      make_decoder_parts<nn::PreNormBlock<FeedForward>>(c, [&](const nn::Declare& layer, int64_t index) -> FeedForward {
        if (sparse[static_cast<size_t>(index)]) return {nn::Experts(layer / "mlp", experts)};
        return {make_gated_mlp(layer, c)};
      });
  // As published: the loss that keeps experts equally busy is asked for by the switch that returns the routers' logits.
  if (with_balance) parts.router_balance = balance;
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "Qwen3MoeForCausalLM"}};
constexpr std::string_view kInert[] = {"max_window_layers"};
constexpr GgufField kGgufFields[] = {{"num_experts", "expert_count"},
                                     {"num_experts_per_tok", "expert_used_count"},
                                     {"moe_intermediate_size", "expert_feed_forward_length"}};
constexpr GgufName kGgufNames[] = {{".mlp.gate.", ".ffn_gate_inp."},
                                   {".mlp.experts.#.gate_proj.", ".ffn_gate_exps."},
                                   {".mlp.experts.#.down_proj.", ".ffn_down_exps."},
                                   {".mlp.experts.#.up_proj.", ".ffn_up_exps."}};
// llama.cpp always makes the weights of a row's experts sum to one, and has experts in every layer.
constexpr GgufDialect kGguf{.architecture = "qwen3moe",
                            .fields = kGgufFields,
                            .shared_fields = kLlamaGgufFields,
                            .names = kGgufNames,
                            .shared = kLlamaGgufNames,
                            .derive = [](Json& config, const formats::Gguf&) { config["norm_topk_prob"] = true; }};

}  // namespace

extern const Family family{.model_type = "qwen3_moe",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kLmHead,
                           .buffers = kRotaryBuffers,
                           .inert = kInert,
                           .gguf = &kGguf};

}  // namespace malmoi::model::qwen3_moe
