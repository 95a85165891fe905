// OLMo 2 (OLMo Team 2025): Llama's decoder that norms what each part adds, and queries and keys over their whole width.
#include "model/families/llama_decoder.h"
#include "model/families/llama_gguf.h"

namespace malmoi::model::olmo2 {
namespace {

Parts make(ConfigFields& f, Task, int64_t) {
  LlamaConfig c = read_llama_fields(f, {.vocab_size = 50304, .rms_norm_eps = 1e-5, .pad_token_id = 1});
  c.qkv_bias = c.out_bias = f.flag("attention_bias", false);
  c.qk_norm = nn::QkNorm::kAllHeads;
  c.attention_norm = "post_attention_layernorm";
  c.mlp_norm = "post_feedforward_layernorm";
  if (f.failed()) return {};
  return make_decoder_parts<nn::ResPostNormBlock<nn::GatedMlp>>(
      c, [&](const nn::Declare& layer) { return make_gated_mlp(layer, c); });
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "Olmo2ForCausalLM"}};
constexpr GgufName kGgufNames[] = {{".post_attention_layernorm.", ".post_attention_norm."},
                                   {".post_feedforward_layernorm.", ".post_ffw_norm."}};
constexpr GgufDialect kGguf{
    .architecture = "olmo2", .fields = kLlamaGgufFields, .names = kGgufNames, .shared = kLlamaGgufNames};

}  // namespace

extern const Family family{.model_type = "olmo2",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kLmHead,
                           .buffers = kRotaryBuffers,
                           .gguf = &kGguf};

}  // namespace malmoi::model::olmo2
