// Mistral (Jiang et al. 2023): Llama's decoder with a sliding window.
#include "model/families/llama.h"
#include "model/families/llama_gguf.h"
#include "model/score_head.h"

namespace malmoi::model::mistral {
namespace {

Parts make(ConfigFields& f, Task, int64_t labels) {
  LlamaConfig c = read_llama_fields(
      f, {.intermediate_size = 14336, .max_position_embeddings = 4096 * 32, .num_key_value_heads = 8});
  // An absent window is the published default of 4096; a null one is none.
  read_windows(f, c, f.optional_integer("sliding_window", 4096), 0);
  c.labels = labels;
  return make_llama_parts(f, c);
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "MistralForCausalLM"},
                                   {Task::kClassification, "MistralForSequenceClassification"}};
// Its files say "llama": without a window, as llama.cpp runs them.
constexpr GgufDialect kGguf{.architecture = "llama",
                            .read_as = "llama",
                            .fields = kLlamaGgufFields,
                            .shared = kLlamaGgufNames,
                            .interleaved = true};

}  // namespace

extern const Family family{.model_type = "mistral",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kDecoderHeads,
                           .buffers = kRotaryBuffers,
                           .gguf = &kGguf};

}  // namespace malmoi::model::mistral
