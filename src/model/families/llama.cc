// Llama (Touvron et al. 2023), and the decoder of its kin.
#include <algorithm>

#include "model/families/llama_decoder.h"
#include "model/families/llama_gguf.h"
#include "model/score_head.h"

namespace malmoi::model {

LlamaConfig read_llama_fields(ConfigFields& f, const LlamaDefaults& d) {
  LlamaConfig c;
  c.vocab_size = f.size("vocab_size", {d.vocab_size, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {d.hidden_size, {}, "the width of the model"});
  // A gated MLP has three matrices where a plain one has two: 8/3 of the width costs the same (Shazeer 2020).
  c.intermediate_size =
      f.size("intermediate_size", {d.intermediate_size, d.gated ? gated_width(c.hidden_size) : 4 * c.hidden_size});
  c.num_hidden_layers = f.size("num_hidden_layers", {d.num_hidden_layers, {}, "the number of layers"});
  c.num_attention_heads = f.size("num_attention_heads", {d.num_attention_heads, {}, "the number of heads"});
  c.num_key_value_heads =
      f.size("num_key_value_heads",
             {d.num_key_value_heads ? d.num_key_value_heads : c.num_attention_heads, c.num_attention_heads});
  int64_t even = std::max<int64_t>(c.hidden_size / c.num_attention_heads, 1);
  bool head_dim_given = f.has("head_dim") || (d.head_dim > 0 && !f.training());
  c.head_dim = f.size("head_dim", {d.head_dim > 0 ? d.head_dim : even, even});
  c.max_position_embeddings = f.size("max_position_embeddings", {d.max_position_embeddings});
  if (d.rotary) c.rotary = f.rotary(c.head_dim, c.max_position_embeddings, d.rope_theta, d.rotary_share);
  c.rms_norm_eps = f.number(d.norm_eps, d.rms_norm_eps, 0, 1);
  c.initializer_range = f.number("initializer_range", d.initializer_range, 0, 1);
  c.attention_dropout = f.number("attention_dropout", 0, 0, 0.99);
  c.hidden_act = f.activation(d.activation, d.activation_value);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", d.tied);
  c.pad_token_id = f.token_id("pad_token_id", c.vocab_size, f.training() ? -1 : d.pad_token_id);
  c.window.assign(static_cast<size_t>(std::min<int64_t>(c.num_hidden_layers, kMostLayers)), 0);
  if (c.num_hidden_layers > kMostLayers) f.fail("num_hidden_layers", "is too large");
  if (!head_dim_given && c.hidden_size % c.num_attention_heads != 0)
    f.fail("hidden_size", "is not a multiple of num_attention_heads", "change one, or give head_dim");
  if (c.num_attention_heads % c.num_key_value_heads != 0)
    f.fail("num_attention_heads", "is not a multiple of num_key_value_heads", "change one of them");
  return c;
}

void read_windows(ConfigFields& f, LlamaConfig& c, int64_t window, int64_t first_windowed) {
  read_window_layers(f, c, window, [&](int64_t i) { return i >= first_windowed; });
}

Parts make_llama_parts(ConfigFields& fields, const LlamaConfig& c) {
  if (fields.failed()) return {};
  return make_decoder_parts<nn::PreNormBlock<nn::GatedMlp>>(
      c, [&](const nn::Declare& layer) { return make_gated_mlp(layer, c); });
}

}  // namespace malmoi::model

namespace malmoi::model::llama {
namespace {

Parts make(ConfigFields& f, Task, int64_t labels) {
  LlamaConfig c = read_llama_fields(f, {});
  c.qkv_bias = c.out_bias = f.flag("attention_bias", false);
  c.mlp_bias = f.flag("mlp_bias", false);
  c.labels = labels;
  return make_llama_parts(f, c);
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "LlamaForCausalLM"},
                                   {Task::kClassification, "LlamaForSequenceClassification"}};
constexpr std::string_view kInert[] = {"pretraining_tp"};
constexpr GgufSwitch kGgufSwitches[] = {{"attention_bias", "blk.0.attn_q.bias"}, {"mlp_bias", "blk.0.ffn_up.bias"}};
constexpr GgufDialect kGguf{.architecture = "llama",
                            .fields = kLlamaGgufFields,
                            .switches = kGgufSwitches,
                            .shared = kLlamaGgufNames,
                            .interleaved = true};

}  // namespace

extern const Family family{.model_type = "llama",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kDecoderHeads,
                           .buffers = kRotaryBuffers,
                           .inert = kInert,
                           .gguf = &kGguf};

}  // namespace malmoi::model::llama
