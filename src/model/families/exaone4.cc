// EXAONE 4 (LG AI Research 2025): Llama's decoder that norms what each part adds, and queries and keys; layers with a window
// have rotary positions, the ones between them see all and have none.
#include "model/families/exaone.h"
#include "model/families/layer_types_gguf.h"
#include "model/families/llama_decoder.h"
#include "model/families/llama_gguf.h"

namespace malmoi::model {
namespace {

// "LLLG": local and global layers in turn; or the number of layers of which the last one is global.
bool is_local(const Json& pattern, int64_t layer, int64_t layers) {
  if (!pattern.is_string()) return (layer + 1) % pattern.get<int64_t>() != 0;
  auto text = pattern.get<std::string>();
  return layer + 1 < layers && text[static_cast<size_t>(layer) % text.size()] == 'L';
}

constexpr int64_t kDefaultPattern = 4;

Json read_pattern(ConfigFields& f) {
  const Json& given = f.reader().raw("sliding_window_pattern");
  if (given.is_null()) return kDefaultPattern;
  bool text = given.is_string() && !given.get<std::string>().empty() &&
              given.get<std::string>().find_first_not_of("LG") == std::string::npos;
  if (text || (given.is_number_integer() && given.get<int64_t>() > 0)) return given;
  f.fail("sliding_window_pattern", "is neither letters L and G nor a number of layers", "use one like LLLG, or 4");
  return kDefaultPattern;
}

}  // namespace

void read_exaone_layers(ConfigFields& f, LlamaConfig& c) {
  int64_t window = f.optional_integer("sliding_window", 4096), layers = static_cast<int64_t>(c.window.size());
  Json pattern = window > 0 ? read_pattern(f) : f.reader().raw("sliding_window_pattern");
  f.publish("sliding_window_pattern", pattern);
  read_window_layers(f, c, window, [&](int64_t layer) { return window > 0 && is_local(pattern, layer, layers); });
  if (window == 0) return;
  for (int64_t width : c.window) c.rotated.push_back(width > 0);
}

// Files of models without a window lack the key.
void derive_exaone_layers(Json& config, const formats::Gguf& file, std::string_view architecture) {
  std::string key = std::string(architecture) + ".attention.sliding_window";
  int64_t window = file.integer_or(key, 0);
  config["sliding_window"] = window > 0 ? Json(window) : Json(nullptr);
  derive_layer_types(config, file, key + "_pattern", "sliding_attention");
}

// The list of layers says what the pattern said.
void simplify_exaone_layers(Json& config) {
  config["sliding_window_pattern"] = config["sliding_window"].is_null() ? Json(nullptr) : Json(kDefaultPattern);
}

void describe_exaone_layers(const Json& config, formats::GgufMetadata& metadata, std::string_view architecture) {
  if (config["sliding_window"].is_null()) return;
  const std::string key = std::string(architecture) + ".attention.sliding_window";
  metadata.set_u32(key, config["sliding_window"].get<uint32_t>());
  metadata.set_bools(key + "_pattern", layer_switches(config, "sliding_attention"));
}

}  // namespace malmoi::model

namespace malmoi::model::exaone4 {
namespace {

Parts make(ConfigFields& f, Task, int64_t) {
  LlamaConfig c = read_llama_fields(
      f, {.vocab_size = 102400, .intermediate_size = 16384, .num_key_value_heads = 32, .rms_norm_eps = 1e-5});
  read_exaone_layers(f, c);
  c.qk_norm = nn::QkNorm::kEachHead;
  c.attention_norm = "post_attention_layernorm";
  c.mlp_norm = "post_feedforward_layernorm";
  if (f.failed()) return {};
  return make_decoder_parts<nn::ResPostNormBlock<nn::GatedMlp>>(
      c, [&](const nn::Declare& layer) { return make_gated_mlp(layer, c); });
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "Exaone4ForCausalLM"}};

constexpr GgufName kGgufNames[] = {{".post_attention_layernorm.", ".post_attention_norm."},
                                   {".post_feedforward_layernorm.", ".post_ffw_norm."}};
constexpr std::string_view kGgufInert[] = {"attention.sliding_window", "attention.sliding_window_pattern"};

constexpr GgufDialect kGguf{
    .architecture = "exaone4",
    .fields = kLlamaGgufFields,
    .names = kGgufNames,
    .shared = kLlamaGgufNames,
    .inert = kGgufInert,
    .derive = [](Json& config, const formats::Gguf& file) { derive_exaone_layers(config, file, "exaone4"); },
    .simplify = simplify_exaone_layers,
    .describe = [](const Json& config, formats::GgufMetadata& metadata) -> Status {
      describe_exaone_layers(config, metadata, "exaone4");
      return {};
    }};

}  // namespace

extern const Family family{.model_type = "exaone4",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kModelPrefix,
                           .head_prefixes = kLmHead,
                           .buffers = kRotaryBuffers,
                           .gguf = &kGguf};

}  // namespace malmoi::model::exaone4
