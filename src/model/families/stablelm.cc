// StableLM 2 (Bellagamba et al. 2024): Llama's decoder with layer norms and rotary positions on a quarter of each head; of
// larger ones with a norm of each head of queries and keys, both parts side by side.
#include "model/families/llama_decoder.h"
#include "model/families/llama_gguf.h"

namespace malmoi::model::stablelm {
namespace {

Parts make(ConfigFields& f, Task, int64_t) {
  LlamaConfig c = read_llama_fields(f, {.vocab_size = 50304,
                                        .intermediate_size = 6912,
                                        .max_position_embeddings = 4096,
                                        .num_key_value_heads = 32,
                                        .rms_norm_eps = 1e-5,
                                        .hidden_size = 2560,
                                        .rotary_share = 0.25,
                                        .norm_eps = "layer_norm_eps"});
  f.refuse("head_dim", c.head_dim * c.num_attention_heads != c.hidden_size,
           "heads that are not hidden_size / num_attention_heads wide are not supported for stablelm");
  c.layer_norm = true;
  c.qkv_bias = f.flag("use_qkv_bias", false);
  if (f.flag("qk_layernorm", false)) c.qk_norm = nn::QkNorm::kOwnWeights;
  c.attention_names.q_norm = "q_layernorm";
  c.attention_names.k_norm = "k_layernorm";
  c.mlp_dropout = f.number("hidden_dropout", 0, 0, 0.99);
  bool side_by_side = f.flag("use_parallel_residual", false);
  if (side_by_side) c.mlp_norm = nullptr;
  if (f.failed()) return {};
  auto mlp = [&](const nn::Declare& layer) { return make_gated_mlp(layer, c); };
  return side_by_side ? make_decoder_parts<nn::ParallelBlock<nn::GatedMlp>>(c, mlp)
                      : make_decoder_parts<nn::PreNormBlock<nn::GatedMlp>>(c, mlp);
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "StableLmForCausalLM"}};
constexpr GgufField kGgufFields[] = {{"layer_norm_eps", "attention.layer_norm_epsilon"},
                                     {"use_parallel_residual", "use_parallel_residual"}};
constexpr GgufSwitch kGgufSwitches[] = {{"use_qkv_bias", "blk.0.attn_q.bias"},
                                        {"qk_layernorm", "blk.0.attn_q_norm.weight"}};
constexpr GgufName kGgufNames[] = {{".self_attn.q_layernorm.norms.#.", ".attn_q_norm."},
                                   {".self_attn.k_layernorm.norms.#.", ".attn_k_norm."}};
// Files without rope.dimension_count rotate whole heads.
constexpr GgufDialect kGguf{.architecture = "stablelm",
                            .fields = kGgufFields,
                            .shared_fields = kLlamaGgufFields,
                            .switches = kGgufSwitches,
                            .names = kGgufNames,
                            .shared = kLlamaGgufNames,
                            .derive = [](Json& config, const formats::Gguf&) {
                              if (!config.contains("partial_rotary_factor")) config["partial_rotary_factor"] = 1;
                            }};

}  // namespace

extern const Family family{.model_type = "stablelm",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kLmHead,
                           .buffers = kRotaryBuffers,
                           .gguf = &kGguf};

}  // namespace malmoi::model::stablelm
