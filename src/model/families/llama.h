// The config that Llama and its kin share, how it is read, and the model with Llama's own block and gated MLP. Kin with another
// block or feed-forward part build on llama_decoder.h.
#pragma once

#include <optional>
#include <vector>

#include "model/family.h"
#include "nn/attention.h"

namespace malmoi::model {

struct LlamaConfig {
  int64_t vocab_size = 0, hidden_size = 0, intermediate_size = 0, num_hidden_layers = 0, num_attention_heads = 0,
          num_key_value_heads = 0, head_dim = 0, max_position_embeddings = 0;
  double rms_norm_eps = 1e-6, initializer_range = 0.02, attention_dropout = 0;
  kernels::Activation hidden_act = kernels::Activation::kSilu;
  bool tie_word_embeddings = false;
  bool qkv_bias = false, out_bias = false, mlp_bias = false;
  nn::QkNorm qk_norm = nn::QkNorm::kNone;
  const char* attention_norm = "input_layernorm";     // published names of a block's two norms
  const char* mlp_norm = "post_attention_layernorm";  // null: both parts read the one norm, in a parallel block
  int32_t pad_token_id = -1;                          // its row takes no gradient from look-ups
  int64_t labels = 0;                                 // of a head that reads texts whole; 0: the head is of words
  nn::RotaryConfig rotary;
  std::vector<int64_t> window;  // of each layer; 0: none

  // What some of the kin have beside that.
  bool layer_norm = false;     // norms with a mean and biases, of queries and keys without biases; else RMS norms
  float norm_offset = 0;       // 1 where the model stores the weight of its norms - 1
  double embedding_scale = 1;  // of the words' rows
  double residual_scale = 1;   // of what each part adds to the stream
  double attention_scale = 0;  // of scores; 0: 1 / sqrt(head_dim)
  double attention_softcap = 0, logit_softcap = 0, logit_scale = 1;
  double embedding_dropout = 0, attention_out_dropout = 0, mlp_dropout = 0;  // of the words' rows, of what parts add
  nn::AttentionNames attention_names;
  const char* gate_up = nullptr;              // of one published tensor for gate and up; null: two
  const char* attention_post_norm = nullptr;  // published names of the norms behind the parts, in blocks that have them
  const char* mlp_post_norm = nullptr;
  std::optional<nn::RotaryConfig> windowed_rotary;  // of layers with a window, where it is not that of all
  std::vector<bool> rotated;                        // layers whose queries and keys are rotated; empty: all
};

/// Published sizes of a family, where a config leaves them out.
struct LlamaDefaults {
  int64_t vocab_size = 32000, intermediate_size = 11008, max_position_embeddings = 2048;
  int64_t num_key_value_heads = 0;  // 0: as many as heads
  int64_t head_dim = 0;             // 0: hidden_size / heads
  double rope_theta = 10000, rms_norm_eps = 1e-6;
  int32_t pad_token_id = -1;
  int64_t hidden_size = 4096, num_hidden_layers = 32, num_attention_heads = 32;
  double initializer_range = 0.02;
  double rotary_share = 1;  // of each head
  bool tied = false;
  bool gated = true;                      // the feed-forward part: three matrices, else two
  bool rotary = true;                     // else the family reads its rotary settings itself
  const char* norm_eps = "rms_norm_eps";  // names of fields
  const char* activation = "hidden_act";
  const char* activation_value = "silu";
};

/// The fields that all of them have, rotary settings among them.
LlamaConfig read_llama_fields(ConfigFields& fields, const LlamaDefaults& defaults);
/// `layer_types`, `sliding_window` and `max_window_layers` as newer configs have them: the window of each layer.
void read_windows(ConfigFields& fields, LlamaConfig& config, int64_t window, int64_t first_windowed);
/// The window of each layer by `layer_types`; where these are absent, of the layers that `windowed(layer)` names.
template <typename Windowed>
void read_window_layers(ConfigFields& fields, LlamaConfig& config, int64_t window, const Windowed& windowed) {
  const char* with_window = window > 0 ? "sliding_attention" : "full_attention";  // none that no field gives a size
  std::vector<std::string> types =
      fields.layer_types(static_cast<int64_t>(config.window.size()), {"full_attention", with_window},
                         [&](int64_t i) { return windowed(i) ? with_window : "full_attention"; });
  for (size_t i = 0; i < config.window.size(); ++i) config.window[i] = types[i] == "sliding_attention" ? window : 0;
}
/// The model as Llama has it, norm before each part; a config that was refused gives empty parts.
Parts make_llama_parts(ConfigFields& fields, const LlamaConfig& config);

/// Classes of a family whose only head is the language model's, for its table entry.
inline constexpr std::string_view kModelPrefix[] = {"model."};
inline constexpr std::string_view kLmHead[] = {"lm_head."};
inline constexpr std::string_view kRotaryBuffers[] = {"rotary_emb.inv_freq"};

}  // namespace malmoi::model
