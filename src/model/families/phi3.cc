// Phi-3 (Abdin et al. 2024): Llama's decoder with fused projections, a window, and other rotary frequencies in long texts.
#include "model/families/llama.h"
#include "model/families/llama_gguf.h"

namespace malmoi::model::phi3 {
namespace {

// Fields of published configs of which one value is known.
void refuse_other_values(ConfigFields& f) {
  for (const char* bias : {"attention_bias", "mlp_bias", "lm_head_bias"})
    f.refuse(bias, f.reader().boolean(bias, false), "biases are not supported for phi3");
  for (const char* period : {"full_attn_mod", "interpolate_factor"})
    f.refuse(period, f.reader().integer(period, 1) != 1, "another value than 1 is not supported for phi3");
}

Parts make(ConfigFields& f, Task, int64_t) {
  LlamaConfig c = read_llama_fields(f, {.vocab_size = 32064,
                                        .intermediate_size = 8192,
                                        .max_position_embeddings = 4096,
                                        .rms_norm_eps = 1e-5,
                                        .pad_token_id = 32000,
                                        .hidden_size = 3072,
                                        .rotary = false});
  int64_t original = f.size("original_max_position_embeddings", {4096, c.max_position_embeddings});
  c.rotary = f.rotary(c.head_dim, c.max_position_embeddings, 10000, 1, original);
  c.attention_names.fused = "qkv_proj";
  c.gate_up = "gate_up_proj";
  c.embedding_dropout = f.number("embd_pdrop", 0, 0, 0.99);
  c.attention_out_dropout = c.mlp_dropout = f.number("resid_pdrop", 0, 0, 0.99);
  c.window.assign(c.window.size(), f.optional_integer("sliding_window", 0));
  refuse_other_values(f);
  return make_llama_parts(f, c);
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "Phi3ForCausalLM"}};
constexpr GgufField kGgufFields[] = {{"original_max_position_embeddings", "rope.scaling.original_context_length"},
                                     {"sliding_window", "attention.sliding_window"}};
constexpr GgufName kGgufNames[] = {{".self_attn.qkv_proj.", ".attn_qkv."}, {".mlp.gate_up_proj.", ".ffn_up."}};
constexpr GgufDialect kGguf{.architecture = "phi3",
                            .fields = kGgufFields,
                            .shared_fields = kLlamaGgufFields,
                            .names = kGgufNames,
                            .shared = kLlamaGgufNames,
                            .derive = [](Json& config, const formats::Gguf&) {
                              if (config["sliding_window"] == 0) config["sliding_window"] = nullptr;
                            }};

}  // namespace

extern const Family family{.model_type = "phi3",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kLmHead,
                           .buffers = kRotaryBuffers,
                           .gguf = &kGguf};

}  // namespace malmoi::model::phi3
