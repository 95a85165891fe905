// SmolLM3 (Bakouch et al. 2025): Llama's decoder, some layers of which know no positions.
#include "model/families/llama.h"
#include "model/families/llama_gguf.h"

namespace malmoi::model::smollm3 {
namespace {

// Layers whose queries and keys are rotated, which the field lists in spite of its name: 1 for each that is.
std::vector<bool> read_rotated_layers(ConfigFields& f, size_t layers) {
  int64_t interval = f.integer("no_rope_layer_interval", 4, 1);
  std::vector<double> listed;
  for (size_t i = 0; i < layers; ++i) listed.push_back(static_cast<int64_t>(i + 1) % interval != 0 ? 1 : 0);
  listed = f.reader().numbers("no_rope_layers", listed);
  if (listed.size() < layers)
    f.fail("no_rope_layers",
           "has " + std::to_string(listed.size()) + " entries for " + std::to_string(layers) + " layers");
  listed.resize(layers, 1);
  std::vector<bool> rotated;
  std::vector<int> published;
  for (double entry : listed) {
    rotated.push_back(entry != 0);
    published.push_back(entry != 0 ? 1 : 0);
  }
  f.publish("no_rope_layers", published);
  return rotated;
}

Parts make(ConfigFields& f, Task, int64_t) {
  LlamaConfig c = read_llama_fields(f, {.vocab_size = 128256,
                                        .max_position_embeddings = 32768,
                                        .num_key_value_heads = 4,
                                        .rope_theta = 2e6,
                                        .pad_token_id = 128004,
                                        .hidden_size = 2048,
                                        .num_hidden_layers = 36,
                                        .num_attention_heads = 16,
                                        .tied = true});
  c.qkv_bias = c.out_bias = f.flag("attention_bias", false);
  c.mlp_bias = f.flag("mlp_bias", false);
  c.rotated = read_rotated_layers(f, c.window.size());
  bool use_window = f.flag("use_sliding_window", false);
  int64_t window = f.optional_integer("sliding_window", 0);
  read_window_layers(f, c, use_window ? window : 0, [&](int64_t i) { return !c.rotated[static_cast<size_t>(i)]; });
  return make_llama_parts(f, c);
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "SmolLM3ForCausalLM"}};
constexpr std::string_view kInert[] = {"pretraining_tp", "max_window_layers"};
// That every fourth layer is not rotated no key says.
constexpr GgufDialect kGguf{
    .architecture = "smollm3", .fields = kLlamaGgufFields, .shared = kLlamaGgufNames, .interleaved = true};

}  // namespace

extern const Family family{.model_type = "smollm3",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kLmHead,
                           .buffers = kRotaryBuffers,
                           .inert = kInert,
                           .gguf = &kGguf};

}  // namespace malmoi::model::smollm3
