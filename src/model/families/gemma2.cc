// Gemma 2 (Gemma Team 2024b): norms before and behind each part, soft caps of scores and logits, every second layer local.
#include <algorithm>

#include "model/families/gemma.h"
#include "model/families/llama_gguf.h"
#include "model/score_head.h"

namespace malmoi::model::gemma2 {
namespace {

Parts make(ConfigFields& f, Task, int64_t labels) {
  LlamaConfig c = read_gemma2_fields(f,
                                     {.vocab_size = 256000,
                                      .intermediate_size = 9216,
                                      .max_position_embeddings = 8192,
                                      .num_key_value_heads = 4,
                                      .head_dim = 256,
                                      .pad_token_id = 0,
                                      .hidden_size = 2304,
                                      .num_hidden_layers = 26,
                                      .num_attention_heads = 8,
                                      .tied = true,
                                      .activation_value = "gelu_pytorch_tanh"},
                                     50, 30);
  int64_t half = std::max<int64_t>(c.max_position_embeddings / 2, 1);
  int64_t window = f.optional_integer("sliding_window", f.training() ? half : 4096);
  // The first configs say the window twice.
  if (f.has("sliding_window_size") && f.reader().integer("sliding_window_size", 0) != window)
    f.fail("sliding_window_size", "contradicts sliding_window", "give one of them");
  read_window_layers(f, c, window, [](int64_t i) { return i % 2 == 0; });
  c.labels = labels;
  return make_gemma2_parts(f, c);
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "Gemma2ForCausalLM"},
                                   {Task::kClassification, "Gemma2ForSequenceClassification"}};
constexpr std::string_view kInert[] = {"cache_implementation", "hidden_act"};
constexpr GgufField kGgufFields[] = {{"query_pre_attn_scalar", "attention.key_length"},
                                     {"sliding_window", "attention.sliding_window"},
                                     {"attn_logit_softcapping", "attn_logit_softcapping"},
                                     {"final_logit_softcapping", "final_logit_softcapping"}};
constexpr int64_t kLayersOfLargest = 46;  // of 27B
constexpr GgufDialect kGguf{.architecture = "gemma2",
                            .fields = kGgufFields,
                            .shared_fields = kLlamaGgufFields,
                            .names = kGemma2GgufNames,
                            .shared = kLlamaGgufNames,
                            .derive = [](Json& config, const formats::Gguf& file) {
                              set_query_scale(config, file, "gemma2", kLayersOfLargest);
                            }};

}  // namespace

extern const Family family{.model_type = "gemma2",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kDecoderHeads,
                           .buffers = kRotaryBuffers,
                           .inert = kInert,
                           .gguf = &kGguf};

}  // namespace malmoi::model::gemma2
