// Gemma (Gemma Team 2024a): Llama's decoder with scaled words, norms that store weight - 1 and a gate of tanh gelu.
#include "model/families/gemma.h"

#include <cmath>

#include "model/families/llama_decoder.h"
#include "model/families/llama_gguf.h"
#include "model/score_head.h"

namespace malmoi::model {

LlamaConfig read_gemma_fields(ConfigFields& f, const LlamaDefaults& d) {
  LlamaConfig c = read_llama_fields(f, d);
  c.norm_offset = 1;
  c.embedding_scale = std::sqrt(static_cast<double>(c.hidden_size));
  c.qkv_bias = c.out_bias = f.flag("attention_bias", false);
  f.refuse("use_bidirectional_attention", f.flag("use_bidirectional_attention", false),
           "attention in both directions is not supported for this family");
  return c;
}

LlamaConfig read_gemma2_fields(ConfigFields& f, LlamaDefaults d, double attention_softcap, double logit_softcap) {
  d.activation = "hidden_activation";
  LlamaConfig c = read_gemma_fields(f, d);
  // Published as a whole number.
  c.attention_scale = 1 / std::sqrt(static_cast<double>(f.size("query_pre_attn_scalar", {256, c.head_dim})));
  c.attention_softcap = f.optional_number("attn_logit_softcapping", attention_softcap);
  c.logit_softcap = f.optional_number("final_logit_softcapping", logit_softcap);
  c.attention_post_norm = "post_attention_layernorm";
  c.mlp_norm = "pre_feedforward_layernorm";
  c.mlp_post_norm = "post_feedforward_layernorm";
  return c;
}

Parts make_gemma2_parts(ConfigFields& f, const LlamaConfig& c) {
  if (f.failed()) return {};
  return make_decoder_parts<nn::SandwichBlock<nn::GatedMlp>>(
      c, [&](const nn::Declare& layer) { return make_gated_mlp(layer, c); });
}

void set_query_scale(Json& config, const formats::Gguf& file, const std::string& architecture,
                     int64_t layers_of_largest) {
  int64_t heads = file.integer_or(architecture + ".attention.head_count", 0);
  if (file.integer_or(architecture + ".block_count", 0) != layers_of_largest || heads <= 0) return;
  config["query_pre_attn_scalar"] = file.integer_or(architecture + ".embedding_length", 0) / heads;
}

}  // namespace malmoi::model

namespace malmoi::model::gemma {
namespace {

// Two fields name the activation; readers disagree on which of them holds. "gelu" stood for its tanh form from the beginning.
void read_activation(ConfigFields& f, LlamaConfig& c) {
  constexpr const char* kTanh = "gelu_pytorch_tanh";
  if (f.published()["hidden_act"] == "gelu") {
    c.hidden_act = kernels::Activation::kGeluTanh;
    f.publish("hidden_act", kTanh);
  }
  Json name = f.published()["hidden_act"];
  bool twice = f.reader().has("hidden_activation");
  if (twice && f.activation("hidden_activation", kTanh) != c.hidden_act)
    f.fail("hidden_activation", "contradicts hidden_act", "give one of them");
  f.publish("hidden_activation", name);
}

Parts make(ConfigFields& f, Task, int64_t labels) {
  LlamaConfig c = read_gemma_fields(f, {.vocab_size = 256000,
                                        .intermediate_size = 24576,
                                        .max_position_embeddings = 8192,
                                        .num_key_value_heads = 16,
                                        .head_dim = 256,
                                        .pad_token_id = 0,
                                        .hidden_size = 3072,
                                        .num_hidden_layers = 28,
                                        .num_attention_heads = 16,
                                        .tied = true,
                                        .activation_value = "gelu_pytorch_tanh"});
  read_activation(f, c);
  c.labels = labels;
  return make_llama_parts(f, c);
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "GemmaForCausalLM"},
                                   {Task::kClassification, "GemmaForSequenceClassification"}};
constexpr GgufName kGgufNames[] = {{"model.norm.", "output_norm.", GgufChange::kPlusOne},
                                   {".input_layernorm.", ".attn_norm.", GgufChange::kPlusOne},
                                   {".post_attention_layernorm.", ".ffn_norm.", GgufChange::kPlusOne}};
constexpr GgufDialect kGguf{
    .architecture = "gemma", .fields = kLlamaGgufFields, .names = kGgufNames, .shared = kLlamaGgufNames};

}  // namespace

extern const Family family{.model_type = "gemma",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kDecoderHeads,
                           .buffers = kRotaryBuffers,
                           .gguf = &kGguf};

}  // namespace malmoi::model::gemma
