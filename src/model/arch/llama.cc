// Llama (Touvron et al. 2023) and its kin: RMS norm before each part, rotary positions, grouped queries, gated MLP.
// Mistral adds a sliding window, Qwen2 biases on queries, keys and values; a config says which.
#include <cmath>

#include "model/arch/arch.h"

namespace malmoi::model {
namespace {

struct LlamaConfig {
  int64_t vocab_size, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, num_key_value_heads,
      head_dim;
  int64_t max_position_embeddings;
  double rms_norm_eps, initializer_range, attention_dropout;
  kernels::Activation hidden_act;
  bool tie_word_embeddings;
  bool qkv_bias, o_bias, mlp_bias;
  nn::RotaryConfig rotary;
  std::vector<int64_t> window;  // of each layer; 0: none
};

class Llama final : public Model {
 public:
  Llama(std::string architecture, const LlamaConfig& config, Json published)
      : Model(std::move(architecture), std::move(published)), config_(config), rotary_(config.rotary) {
    vocab_size_ = config_.vocab_size;
    hidden_size_ = config_.hidden_size;
    num_layers_ = config_.num_hidden_layers;
    max_positions_ = config_.max_position_embeddings;
    attention_width_ = config_.num_attention_heads * config_.head_dim;
    embed_tokens_ = add({.name = "model.embed_tokens.weight",
                         .shape = {vocab_size_, hidden_size_},
                         .init_std = config_.initializer_range});
    for (int64_t i = 0; i < num_layers_; ++i) layers_.push_back(make_layer(i));
    norm_ = make_norm("model.norm.weight");
    Parameter* head = config_.tie_word_embeddings ? embed_tokens_
                                                  : add({.name = "lm_head.weight",
                                                         .shape = {vocab_size_, hidden_size_},
                                                         .init_std = config_.initializer_range});
    head_ = std::make_unique<autograd::DenseWeight>(*head);
  }

  Var hidden(Context& context, const nn::Batch& batch) const override {
    rotary_.prepare(batch.max_position);
    Var x = autograd::embedding(context, *embed_tokens_, nullptr, {.ids = batch.ids.data(), .rows = batch.rows()});
    autograd::BlockIo io{std::move(x), {}};
    for (int64_t i = 0; i < num_layers_; ++i) io = autograd::block(context, run_layer, this, i, &batch, std::move(io));
    return norm_(context, io.x, io.delta).normed;
  }

  nn::StateSpec state_spec() const override {
    return {.layers = num_layers_, .kv_width = config_.num_key_value_heads * config_.head_dim};
  }

 private:
  struct Layer {
    nn::Norm input_norm, post_attention_norm;
    nn::Linear qkv, o_proj, gate_up, down_proj;
    nn::SelfAttention attention;
  };

  // x, delta -> the residual stream before the layer's MLP, and what the MLP adds to it.
  static autograd::BlockIo run_layer(Context& context, const void* model, int64_t index, const void* batch,
                                     autograd::BlockIo io) {
    const auto& self = *static_cast<const Llama*>(model);
    const Layer& layer = self.layers_[static_cast<size_t>(index)];
    auto [x, h] = layer.input_norm(context, io.x, io.delta);
    io = {};
    h = layer.attention(context, layer.qkv(context, h), *static_cast<const nn::Batch*>(batch), index);
    Var attended = layer.o_proj(context, h);
    auto [x2, h2] = layer.post_attention_norm(context, x, attended);
    x = {}, attended = {}, h = {};
    Var inner = autograd::gated(context, layer.gate_up(context, h2), self.config_.hidden_act);
    h2 = {};
    return {std::move(x2), layer.down_proj(context, inner)};
  }

  nn::Norm make_norm(std::string name) {
    nn::Norm norm;
    norm.weight = add({.name = std::move(name), .shape = {hidden_size_}, .init_constant = 1});
    norm.options.eps = static_cast<float>(config_.rms_norm_eps);
    return norm;
  }

  Layer make_layer(int64_t index) {
    const LlamaConfig& c = config_;
    std::string prefix = "model.layers." + std::to_string(index) + ".";
    int64_t q = c.num_attention_heads * c.head_dim, kv = c.num_key_value_heads * c.head_dim;
    int64_t inner = c.intermediate_size, width = hidden_size_;
    // Products that read the same rows are one product: q, k and v; gate and up.
    auto fused = [&](const char* name, const char* suffix, Shape shape, std::vector<ParameterSource> parts,
                     double std) {
      for (ParameterSource& part : parts) part.name = prefix + part.name + suffix;
      return ParameterSpec{
          .name = prefix + name + suffix, .shape = shape, .sources = std::move(parts), .init_std = std};
    };
    std::vector<ParameterSource> qkv{
        {"self_attn.q_proj", 0, q}, {"self_attn.k_proj", q, kv}, {"self_attn.v_proj", q + kv, kv}};
    std::vector<ParameterSource> gate_up{{"mlp.gate_proj", 0, inner}, {"mlp.up_proj", inner, inner}};
    double std = c.initializer_range;
    Layer layer;
    layer.input_norm = make_norm(prefix + "input_layernorm.weight");
    layer.qkv = add_linear(fused("self_attn.qkv_proj", ".weight", {q + 2 * kv, width}, qkv, std),
                           c.qkv_bias ? add(fused("self_attn.qkv_proj", ".bias", {q + 2 * kv}, qkv, 0)) : nullptr);
    layer.o_proj = add_linear({.name = prefix + "self_attn.o_proj.weight", .shape = {width, q}, .init_std = std},
                              c.o_bias ? add({.name = prefix + "self_attn.o_proj.bias", .shape = {width}}) : nullptr);
    layer.post_attention_norm = make_norm(prefix + "post_attention_layernorm.weight");
    layer.gate_up = add_linear(fused("mlp.gate_up_proj", ".weight", {2 * inner, width}, gate_up, std),
                               c.mlp_bias ? add(fused("mlp.gate_up_proj", ".bias", {2 * inner}, gate_up, 0)) : nullptr);
    layer.down_proj = add_linear({.name = prefix + "mlp.down_proj.weight", .shape = {width, inner}, .init_std = std},
                                 c.mlp_bias ? add({.name = prefix + "mlp.down_proj.bias", .shape = {width}}) : nullptr);
    layer.attention = {.heads = c.num_attention_heads,
                       .kv_heads = c.num_key_value_heads,
                       .head_dim = c.head_dim,
                       .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(c.head_dim))),
                       .window = c.window[static_cast<size_t>(index)],
                       .dropout = static_cast<float>(c.attention_dropout),
                       .rotary = &rotary_};
    return layer;
  }

  LlamaConfig config_;
  mutable nn::Rotary rotary_;
  Parameter* embed_tokens_ = nullptr;
  std::vector<Layer> layers_;
  nn::Norm norm_;
};

// Fields that the three families share, with the defaults of each family's published code.
struct Defaults {
  const char* architecture;
  int64_t vocab_size, intermediate_size, max_position_embeddings, num_key_value_heads;  // kv heads 0: as many as heads
};

LlamaConfig read_common(ConfigReader& r, const Defaults& d) {
  LlamaConfig c{};
  c.vocab_size = read_size(r, "vocab_size", d.vocab_size);
  c.hidden_size = read_size(r, "hidden_size", 4096);
  c.intermediate_size = read_size(r, "intermediate_size", d.intermediate_size);
  c.num_hidden_layers = read_size(r, "num_hidden_layers", 32);
  c.num_attention_heads = read_size(r, "num_attention_heads", 32);
  c.num_key_value_heads =
      read_size(r, "num_key_value_heads", d.num_key_value_heads ? d.num_key_value_heads : c.num_attention_heads);
  bool head_dim_given = r.has("head_dim");
  c.head_dim = read_size(r, "head_dim", std::max<int64_t>(c.hidden_size / c.num_attention_heads, 1));
  c.max_position_embeddings = r.integer("max_position_embeddings", d.max_position_embeddings, 1, int64_t{1} << 30);
  c.rms_norm_eps = r.number("rms_norm_eps", 1e-6, 0, 1);
  c.initializer_range = r.number("initializer_range", 0.02, 0, 1);
  c.attention_dropout = r.number("attention_dropout", 0, 0, 0.99);
  c.hidden_act = read_activation(r, "hidden_act", "silu");
  c.tie_word_embeddings = r.boolean("tie_word_embeddings", false);
  c.rotary = read_rotary(r, c.head_dim, c.max_position_embeddings, 10000);
  c.window.assign(static_cast<size_t>(std::min<int64_t>(c.num_hidden_layers, 1 << 16)), 0);
  if (c.num_hidden_layers > 1 << 16) r.fail("num_hidden_layers", "is too large");
  if (!head_dim_given && c.hidden_size % c.num_attention_heads != 0)
    r.fail("hidden_size", "is not a multiple of num_attention_heads", "change one, or give head_dim");
  if (c.num_attention_heads % c.num_key_value_heads != 0)
    r.fail("num_attention_heads", "is not a multiple of num_key_value_heads", "change one of them");
  return c;
}

// `layer_types` of newer configs: which layers see the sliding window alone.
void read_layer_types(ConfigReader& r, LlamaConfig& c, int64_t window) {
  if (!r.has("layer_types")) return;
  std::vector<std::string> types = r.texts("layer_types");
  if (static_cast<int64_t>(types.size()) != c.num_hidden_layers) {
    r.fail("layer_types",
           "has " + std::to_string(types.size()) + " entries for " + std::to_string(c.num_hidden_layers) + " layers");
    return;
  }
  for (size_t i = 0; i < types.size(); ++i) {
    if (types[i] == "full_attention") c.window[i] = 0;
    else if (types[i] == "sliding_attention" && window > 0) c.window[i] = window;
    else r.fail("layer_types", "'" + types[i] + "' does not fit the other fields");
  }
}

// The config as it will be published with the weights: what was given, and every default that was filled in.
Json published(const Defaults& d, const LlamaConfig& c, ConfigReader& r, const char* class_name) {
  Json json = Json::object();
  json["architectures"] = {class_name};
  json["model_type"] = d.architecture;
  json["vocab_size"] = c.vocab_size;
  json["hidden_size"] = c.hidden_size;
  json["intermediate_size"] = c.intermediate_size;
  json["num_hidden_layers"] = c.num_hidden_layers;
  json["num_attention_heads"] = c.num_attention_heads;
  json["num_key_value_heads"] = c.num_key_value_heads;
  json["head_dim"] = c.head_dim;
  json["max_position_embeddings"] = c.max_position_embeddings;
  json["rms_norm_eps"] = c.rms_norm_eps;
  json["initializer_range"] = c.initializer_range;
  json["attention_dropout"] = c.attention_dropout;
  json["hidden_act"] = r.text("hidden_act", "silu");
  json["tie_word_embeddings"] = c.tie_word_embeddings;
  // Both styles of rotary settings, so that older and newer readers agree.
  Json rope = r.has("rope_parameters") ? r.raw("rope_parameters") : r.raw("rope_scaling");
  json["rope_theta"] = c.rotary.theta;
  json["rope_scaling"] = c.rotary.scaling == nn::RotaryScaling::kDefault ? Json(nullptr) : rope;
  if (rope.is_null()) rope = {{"rope_type", "default"}};
  rope["rope_theta"] = c.rotary.theta;
  json["rope_parameters"] = rope;
  for (const char* key : {"bos_token_id", "eos_token_id", "pad_token_id"}) json[key] = r.raw(key);
  json["use_cache"] = true;
  return json;
}

Result<std::unique_ptr<Model>> build(ConfigReader& r, const Defaults& d, const LlamaConfig& c, Json json) {
  // Errors of values must surface before sizes are used; unknown keys are the caller's to report.
  if (r.failed()) return r.finish().error();
  return std::unique_ptr<Model>(std::make_unique<Llama>(d.architecture, c, std::move(json)));
}

}  // namespace

Result<std::unique_ptr<Model>> make_llama(ConfigReader& r) {
  Defaults d{"llama", 32000, 11008, 2048, 0};
  LlamaConfig c = read_common(r, d);
  c.qkv_bias = c.o_bias = r.boolean("attention_bias", false);
  c.mlp_bias = r.boolean("mlp_bias", false);
  Json json = published(d, c, r, "LlamaForCausalLM");
  json["attention_bias"] = c.qkv_bias;
  json["mlp_bias"] = c.mlp_bias;
  return build(r, d, c, std::move(json));
}

Result<std::unique_ptr<Model>> make_mistral(ConfigReader& r) {
  Defaults d{"mistral", 32000, 14336, 4096 * 32, 8};
  LlamaConfig c = read_common(r, d);
  // An absent window is the published default of 4096; a null one is none.
  bool present = r.present("sliding_window");
  int64_t window = r.integer("sliding_window", present ? 0 : 4096, 1, int64_t{1} << 30);
  c.window.assign(c.window.size(), window);
  read_layer_types(r, c, window);
  Json json = published(d, c, r, "MistralForCausalLM");
  json["sliding_window"] = window > 0 ? Json(window) : Json(nullptr);
  return build(r, d, c, std::move(json));
}

Result<std::unique_ptr<Model>> make_qwen2(ConfigReader& r) {
  Defaults d{"qwen2", 151936, 22016, 32768, 32};
  LlamaConfig c = read_common(r, d);
  c.qkv_bias = true;
  bool use_window = r.boolean("use_sliding_window", false);
  bool present = r.present("sliding_window");
  int64_t window = r.integer("sliding_window", present ? 0 : 4096, 1, int64_t{1} << 30);
  int64_t first = r.integer("max_window_layers", 28, 0);
  if (!use_window) window = 0;
  for (size_t i = 0; i < c.window.size(); ++i) c.window[i] = static_cast<int64_t>(i) >= first ? window : 0;
  read_layer_types(r, c, window);
  Json json = published(d, c, r, "Qwen2ForCausalLM");
  json["use_sliding_window"] = use_window;
  json["sliding_window"] = window > 0 ? Json(window) : Json(nullptr);
  json["max_window_layers"] = first;
  if (r.has("layer_types")) json["layer_types"] = r.raw("layer_types");
  return build(r, d, c, std::move(json));
}

}  // namespace malmoi::model
