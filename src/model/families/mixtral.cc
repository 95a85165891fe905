// Mixtral (Jiang et al. 2024): Mistral's decoder whose feed-forward part is a mixture of experts.
#include "model/families/llama_decoder.h"
#include "model/families/llama_gguf.h"
#include "nn/experts.h"

namespace malmoi::model::mixtral {
namespace {

Parts make(ConfigFields& f, Task, int64_t) {
  LlamaConfig c = read_llama_fields(
      f,
      {.intermediate_size = 14336, .max_position_embeddings = 4096 * 32, .num_key_value_heads = 8, .rope_theta = 1e6});
  read_windows(f, c, f.optional_integer("sliding_window", 0), 0);
  int64_t experts = f.size("num_local_experts", {8, 8}), top_k = f.size("num_experts_per_tok", {2, 2});
  double balance = f.number("router_aux_loss_coef", 0.001, 0, 1e6);
  bool with_balance = f.flag("output_router_logits", false);
  f.refuse("router_jitter_noise", f.number("router_jitter_noise", 0, 0, 1) > 0, "jitter is not supported for mixtral");
  if (top_k > experts) f.fail("num_experts_per_tok", "is larger than num_local_experts", "use fewer");
  if (experts > kMostExperts / c.num_hidden_layers) f.fail("num_local_experts", "is too large for so many layers");
  if (f.failed()) return {};
  Parts parts = make_decoder_parts<nn::PreNormBlock<nn::Experts>>(c, [&](const nn::Declare& layer) {
    return nn::Experts(layer / "block_sparse_moe", {.width = c.hidden_size,
                                                    .inner = c.intermediate_size,
                                                    .experts = experts,
                                                    .top_k = top_k,
                                                    .activation = c.hidden_act});
  });
  // As published: the loss that keeps experts equally busy is asked for by the switch that returns the routers' logits.
  if (with_balance) parts.router_balance = balance;
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "MixtralForCausalLM"}};
// The keys of Llama, and of experts.
constexpr GgufField kGgufFields[] = {{"hidden_size", "embedding_length"},
                                     {"intermediate_size", "feed_forward_length"},
                                     {"num_hidden_layers", "block_count"},
                                     {"num_attention_heads", "attention.head_count"},
                                     {"num_key_value_heads", "attention.head_count_kv"},
                                     {"head_dim", "attention.key_length"},
                                     {"max_position_embeddings", "context_length"},
                                     {"rms_norm_eps", "attention.layer_norm_rms_epsilon"},
                                     {"rope_theta", "rope.freq_base"},
                                     {"num_local_experts", "expert_count"},
                                     {"num_experts_per_tok", "expert_used_count"}};
constexpr GgufName kGgufNames[] = {{".block_sparse_moe.gate.", ".ffn_gate_inp."},
                                   {".block_sparse_moe.experts.#.w1.", ".ffn_gate_exps."},
                                   {".block_sparse_moe.experts.#.w2.", ".ffn_down_exps."},
                                   {".block_sparse_moe.experts.#.w3.", ".ffn_up_exps."}};
constexpr GgufDialect kGguf{.architecture = "llama",
                            .marker = "expert_count",
                            .fields = kGgufFields,
                            .names = kGgufNames,
                            .shared = kLlamaGgufNames,
                            .interleaved = true};

}  // namespace

extern const Family family{.model_type = "mixtral",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kLmHead,
                           .buffers = kRotaryBuffers,
                           .gguf = &kGguf};

}  // namespace malmoi::model::mixtral
