// HyperCLOVA X (NAVER Cloud 2025): Llama's decoder with the factors of muP (Yang et al. 2022) and a norm behind each part
// (Kim et al. 2025, "peri-norm").
#include <cmath>

#include "model/families/llama_decoder.h"

namespace malmoi::model::hyperclovax {
namespace {

constexpr double kLeastFactor = 1e-9, kLargestFactor = 1e9;  // f32 holds what they make of rows

Parts make(ConfigFields& f, Task, int64_t) {
  LlamaConfig c = read_llama_fields(f, {});
  c.qkv_bias = c.out_bias = f.flag("attention_bias", false);
  c.mlp_bias = f.flag("mlp_bias", false);
  auto factor = [&](const char* key, double fallback) { return f.number(key, fallback, kLeastFactor, kLargestFactor); };
  c.embedding_scale = factor("embedding_multiplier", 1);
  c.residual_scale = factor("residual_multiplier", 1);
  c.attention_scale = factor("attention_multiplier", 1 / std::sqrt(static_cast<double>(c.head_dim)));
  c.logit_scale = factor("logits_scaling", 1);  // where Granite, which has the same field, divides
  bool with_post_norms = f.flag("use_post_norm", true);
  if (!with_post_norms) return make_llama_parts(f, c);
  c.attention_post_norm = "post_norm1";
  c.mlp_post_norm = "post_norm2";
  if (f.failed()) return {};
  return make_decoder_parts<nn::SandwichBlock<nn::GatedMlp>>(
      c, [&](const nn::Declare& layer) { return make_gated_mlp(layer, c); });
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "HyperCLOVAXForCausalLM"}};
constexpr std::string_view kInert[] = {"pretraining_tp"};

}  // namespace

extern const Family family{.model_type = "hyperclovax",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kLmHead,
                           .buffers = kRotaryBuffers,
                           .inert = kInert};

}  // namespace malmoi::model::hyperclovax
