// Granite (IBM Granite Team 2024): Llama's decoder with a factor on words, on scores, on what each part adds and on logits.
#include "model/families/llama.h"
#include "model/families/llama_gguf.h"

namespace malmoi::model::granite {
namespace {

constexpr double kLeastFactor = 1e-9, kLargestFactor = 1e9;  // f32 holds what they make of rows

Parts make(ConfigFields& f, Task, int64_t) {
  LlamaConfig c = read_llama_fields(f, {});
  c.qkv_bias = c.out_bias = f.flag("attention_bias", false);
  c.mlp_bias = f.flag("mlp_bias", false);
  c.embedding_scale = f.number("embedding_multiplier", 1, kLeastFactor, kLargestFactor);
  c.residual_scale = f.number("residual_multiplier", 1, kLeastFactor, kLargestFactor);
  c.attention_scale = f.number("attention_multiplier", 1, kLeastFactor, kLargestFactor);  // not 1 / sqrt(head_dim)
  c.logit_scale = 1 / f.number("logits_scaling", 1, kLeastFactor, kLargestFactor);
  return make_llama_parts(f, c);
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "GraniteForCausalLM"}};
constexpr GgufField kGgufFields[] = {{"embedding_multiplier", "embedding_scale"},
                                     {"residual_multiplier", "residual_scale"},
                                     {"attention_multiplier", "attention.scale"},
                                     {"logits_scaling", "logit_scale"}};
constexpr GgufSwitch kGgufSwitches[] = {{"attention_bias", "blk.0.attn_q.bias"}, {"mlp_bias", "blk.0.ffn_up.bias"}};
constexpr GgufDialect kGguf{.architecture = "granite",
                            .fields = kGgufFields,
                            .shared_fields = kLlamaGgufFields,
                            .switches = kGgufSwitches,
                            .shared = kLlamaGgufNames,
                            .interleaved = true};

}  // namespace

extern const Family family{.model_type = "granite",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kLmHead,
                           .buffers = kRotaryBuffers,
                           .gguf = &kGguf};

}  // namespace malmoi::model::granite
