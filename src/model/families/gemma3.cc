// Gemma 3 (Gemma Team 2025): Gemma 2 with norms of queries and keys and a global layer after every few local ones, which have
// rotary positions of their own.
#include <algorithm>

#include "model/families/gemma.h"
#include "model/families/llama_gguf.h"

namespace malmoi::model::gemma3 {
namespace {

// Every so many layers one is global, by the pattern of older configs where they are not listed.
void read_layers(ConfigFields& f, LlamaConfig& c) {
  int64_t half = std::max<int64_t>(c.max_position_embeddings / 2, 1);
  int64_t window = f.optional_integer("sliding_window", f.training() ? half : 4096);
  f.refuse("sliding_window", window == 0, "local layers without a window are not supported for gemma3");
  int64_t pattern =
      f.reader().integer("sliding_window_pattern", f.reader().integer("_sliding_window_pattern", 6, 1), 1);
  read_window_layers(f, c, window, [&](int64_t i) { return (i + 1) % pattern != 0; });
}

Parts make(ConfigFields& f, Task, int64_t) {
  LlamaConfig c = read_gemma2_fields(f,
                                     {.vocab_size = 262208,
                                      .intermediate_size = 9216,
                                      .max_position_embeddings = 131072,
                                      .num_key_value_heads = 4,
                                      .head_dim = 256,
                                      .pad_token_id = 0,
                                      .hidden_size = 2304,
                                      .num_hidden_layers = 26,
                                      .num_attention_heads = 8,
                                      .tied = true,
                                      .rotary = false,
                                      .activation_value = "gelu_pytorch_tanh"},
                                     0, 0);
  c.qk_norm = nn::QkNorm::kEachHead;
  read_layers(f, c);
  c.rotary = f.rotary_of("full_attention", "rope_theta", 1e6, true, c.head_dim, c.max_position_embeddings);
  c.windowed_rotary =
      f.rotary_of("sliding_attention", "rope_local_base_freq", 10000, false, c.head_dim, c.max_position_embeddings);
  f.refuse("rope_parameters", c.windowed_rotary->switch_length() > 0,
           "longrope of local layers is not supported for gemma3");
  return make_gemma2_parts(f, c);
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "Gemma3ForCausalLM"}};
constexpr std::string_view kBuffers[] = {"rotary_emb.inv_freq", "rotary_emb_local.inv_freq"};
constexpr std::string_view kInert[] = {"cache_implementation", "hidden_act"};
constexpr GgufField kGgufFields[] = {{"query_pre_attn_scalar", "attention.key_length"},
                                     {"sliding_window", "attention.sliding_window"},
                                     {"final_logit_softcapping", "final_logit_softcapping"},
                                     {"rope_local_base_freq", "rope.freq_base_swa"}};
constexpr int64_t kLayersOfLargest = 62;  // of 27B
constexpr GgufDialect kGguf{.architecture = "gemma3",
                            .fields = kGgufFields,
                            .shared_fields = kLlamaGgufFields,
                            .names = kGemma2GgufNames,
                            .shared = kLlamaGgufNames,
                            .derive = [](Json& config, const formats::Gguf& file) {
                              set_query_scale(config, file, "gemma3", kLayersOfLargest);
                            }};

}  // namespace

extern const Family family{.model_type = "gemma3_text",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kLmHead,
                           .buffers = kBuffers,
                           .inert = kInert,
                           .gguf = &kGguf};

}  // namespace malmoi::model::gemma3
