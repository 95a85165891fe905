// Qwen3 (Yang et al. 2025): Llama's decoder with a norm of each head of queries and keys.
#include "model/families/llama.h"
#include "model/families/llama_gguf.h"
#include "model/score_head.h"

namespace malmoi::model::qwen3 {
namespace {

Parts make(ConfigFields& f, Task, int64_t labels) {
  LlamaConfig c = read_llama_fields(f, {.vocab_size = 151936,
                                        .intermediate_size = 22016,
                                        .max_position_embeddings = 32768,
                                        .num_key_value_heads = 32,
                                        .head_dim = 128});
  c.qkv_bias = c.out_bias = f.flag("attention_bias", false);
  c.qk_norm = nn::QkNorm::kEachHead;
  bool use_window = f.flag("use_sliding_window", false);
  int64_t window = f.optional_integer("sliding_window", 4096);
  read_windows(f, c, use_window ? window : 0, f.integer("max_window_layers", 28, 0));
  c.labels = labels;
  return make_llama_parts(f, c);
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "Qwen3ForCausalLM"},
                                   {Task::kClassification, "Qwen3ForSequenceClassification"}};
constexpr GgufDialect kGguf{.architecture = "qwen3", .fields = kLlamaGgufFields, .shared = kLlamaGgufNames};

}  // namespace

extern const Family family{.model_type = "qwen3",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kDecoderHeads,
                           .buffers = kRotaryBuffers,
                           .gguf = &kGguf};

}  // namespace malmoi::model::qwen3
