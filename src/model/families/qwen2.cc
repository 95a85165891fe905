// Qwen2 (Yang et al. 2024): Llama's decoder with biases on queries, keys and values.
#include "model/families/llama.h"
#include "model/families/llama_gguf.h"
#include "model/score_head.h"

namespace malmoi::model::qwen2 {
namespace {

Parts make(ConfigFields& f, Task, int64_t labels) {
  LlamaConfig c = read_llama_fields(
      f,
      {.vocab_size = 151936, .intermediate_size = 22016, .max_position_embeddings = 32768, .num_key_value_heads = 32});
  c.qkv_bias = true;
  bool use_window = f.flag("use_sliding_window", false);
  int64_t window = f.optional_integer("sliding_window", 4096);
  read_windows(f, c, use_window ? window : 0, f.integer("max_window_layers", 28, 0));
  c.labels = labels;
  return make_llama_parts(f, c);
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "Qwen2ForCausalLM"},
                                   {Task::kClassification, "Qwen2ForSequenceClassification"}};
constexpr GgufDialect kGguf{.architecture = "qwen2", .fields = kLlamaGgufFields, .shared = kLlamaGgufNames};

}  // namespace

extern const Family family{.model_type = "qwen2",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kDecoderHeads,
                           .buffers = kRotaryBuffers,
                           .gguf = &kGguf};

}  // namespace malmoi::model::qwen2
