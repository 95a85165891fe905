// StarCoder2 (Lozhkov et al. 2024): Llama's decoder with layer norms, biases, a window and a plain feed-forward part.
#include "model/families/llama_decoder.h"
#include "model/families/llama_gguf.h"

namespace malmoi::model::starcoder2 {
namespace {

// Fields of published configs that the reference does not read, and what they must say so that nothing is lost.
void refuse_other_values(ConfigFields& f, const LlamaConfig& c) {
  f.refuse("norm_type", f.reader().text("norm_type", "layer_norm") != "layer_norm",
           "another norm than layer_norm is not supported for starcoder2");
  f.refuse("mlp_type", f.reader().text("mlp_type", "default") != "default",
           "another feed-forward part than the default is not supported for starcoder2");
  f.refuse("scale_attn_weights", !f.reader().boolean("scale_attn_weights", true),
           "scores without a scale are not supported for starcoder2");
  if (f.reader().number("layer_norm_epsilon", c.rms_norm_eps) != c.rms_norm_eps)
    f.fail("layer_norm_epsilon", "contradicts norm_epsilon", "give one of them");
}

Parts make(ConfigFields& f, Task, int64_t) {
  LlamaConfig c = read_llama_fields(f, {.vocab_size = 49152,
                                        .intermediate_size = 12288,
                                        .max_position_embeddings = 4096,
                                        .num_key_value_heads = 2,
                                        .rms_norm_eps = 1e-5,
                                        .hidden_size = 3072,
                                        .num_hidden_layers = 30,
                                        .num_attention_heads = 24,
                                        .initializer_range = 0.018042,
                                        .tied = true,
                                        .gated = false,
                                        .norm_eps = "norm_epsilon",
                                        .activation_value = "gelu_pytorch_tanh"});
  c.layer_norm = true;
  c.qkv_bias = c.out_bias = c.mlp_bias = f.flag("use_bias", true);
  c.embedding_dropout = f.number("embedding_dropout", 0, 0, 0.99);
  c.attention_out_dropout = c.mlp_dropout = f.number("residual_dropout", 0, 0, 0.99);
  c.window.assign(c.window.size(), f.optional_integer("sliding_window", 0));
  refuse_other_values(f, c);
  if (f.failed()) return {};
  return make_decoder_parts<nn::PreNormBlock<nn::Mlp>>(c, [&](const nn::Declare& layer) {
    return nn::mlp(layer / "mlp", {.width = c.hidden_size,
                                   .inner = c.intermediate_size,
                                   .activation = c.hidden_act,
                                   .bias = c.mlp_bias,
                                   .in_name = "c_fc",
                                   .out_name = "c_proj"});
  });
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "Starcoder2ForCausalLM"}};
// What the activation is called a second time, and the type that softmax is computed in: f32 here.
constexpr std::string_view kInert[] = {"activation_function", "attention_softmax_in_fp32",
                                       "scale_attention_softmax_in_fp32"};
constexpr GgufField kGgufFields[] = {{"norm_epsilon", "attention.layer_norm_epsilon"},
                                     {"sliding_window", "attention.sliding_window"}};
constexpr GgufSwitch kGgufSwitches[] = {{"use_bias", "blk.0.attn_q.bias"}};
constexpr GgufName kGgufNames[] = {{".mlp.c_fc.", ".ffn_up."}, {".mlp.c_proj.", ".ffn_down."}};
constexpr GgufDialect kGguf{.architecture = "starcoder2",
                            .fields = kGgufFields,
                            .shared_fields = kLlamaGgufFields,
                            .switches = kGgufSwitches,
                            .names = kGgufNames,
                            .shared = kLlamaGgufNames};

}  // namespace

extern const Family family{.model_type = "starcoder2",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kLmHead,
                           .buffers = kRotaryBuffers,
                           .inert = kInert,
                           .gguf = &kGguf};

}  // namespace malmoi::model::starcoder2
