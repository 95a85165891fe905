// GPT-2 (Radford et al. 2019): learned positions, layer norm before each part, one fused product for q, k and v.
#include <cmath>

#include "model/arch/arch.h"

namespace malmoi::model {
namespace {

struct Gpt2Config {
  int64_t vocab_size, n_positions, n_embd, n_layer, n_head, n_inner;
  double layer_norm_epsilon, initializer_range, resid_pdrop, embd_pdrop, attn_pdrop;
  kernels::Activation activation_function;
  bool scale_attn_weights, scale_attn_by_inverse_layer_idx, tie_word_embeddings;
};

class Gpt2 final : public Model {
 public:
  Gpt2(const Gpt2Config& config, Json published) : Model("gpt2", std::move(published)), config_(config) {
    vocab_size_ = config_.vocab_size;
    hidden_size_ = config_.n_embd;
    num_layers_ = config_.n_layer;
    max_positions_ = config_.n_positions;
    attention_width_ = config_.n_embd;
    double std = config_.initializer_range;
    wte_ = add({.name = "transformer.wte.weight", .shape = {vocab_size_, hidden_size_}, .init_std = std});
    wpe_ = add({.name = "transformer.wpe.weight", .shape = {max_positions_, hidden_size_}, .init_std = std});
    for (int64_t i = 0; i < num_layers_; ++i) layers_.push_back(make_layer(i));
    ln_f_ = make_norm("transformer.ln_f");
    Parameter* head = config_.tie_word_embeddings
                          ? wte_
                          : add({.name = "lm_head.weight", .shape = {vocab_size_, hidden_size_}, .init_std = std});
    head_ = std::make_unique<autograd::DenseWeight>(*head);
  }

  Var hidden(Context& context, const nn::Batch& batch) const override {
    Var x = autograd::embedding(context, *wte_, wpe_,
                                {.ids = batch.ids.data(),
                                 .positions = batch.positions.data(),
                                 .rows = batch.rows(),
                                 .dropout = static_cast<float>(config_.embd_pdrop)});
    autograd::BlockIo io{std::move(x), {}};
    for (int64_t i = 0; i < num_layers_; ++i) io = autograd::block(context, run_layer, this, i, &batch, std::move(io));
    return ln_f_(context, io.x, io.delta).normed;
  }

  nn::StateSpec state_spec() const override { return {.layers = num_layers_, .kv_width = hidden_size_}; }

 private:
  struct Layer {
    nn::Norm ln_1, ln_2;
    nn::Linear c_attn, attn_c_proj, c_fc, mlp_c_proj;
    nn::SelfAttention attention;
  };

  // x, delta -> the residual stream before the layer's MLP, and what the MLP adds to it.
  static autograd::BlockIo run_layer(Context& context, const void* model, int64_t index, const void* batch,
                                     autograd::BlockIo io) {
    const auto& self = *static_cast<const Gpt2*>(model);
    const Layer& layer = self.layers_[static_cast<size_t>(index)];
    auto [x, h] = layer.ln_1(context, io.x, io.delta);
    io = {};
    h = layer.attention(context, layer.c_attn(context, h), *static_cast<const nn::Batch*>(batch), index);
    Var attended = layer.attn_c_proj(context, h);
    auto [x2, h2] = layer.ln_2(context, x, attended);
    x = {}, attended = {}, h = {};
    Var inner = autograd::activation(context, layer.c_fc(context, h2), self.config_.activation_function);
    h2 = {};
    return {std::move(x2), layer.mlp_c_proj(context, inner)};
  }

  nn::Norm make_norm(const std::string& name) {
    nn::Norm norm;
    norm.weight = add({.name = name + ".weight", .shape = {hidden_size_}, .init_constant = 1});
    norm.bias = add({.name = name + ".bias", .shape = {hidden_size_}});
    norm.options = {.layer = true,
                    .eps = static_cast<float>(config_.layer_norm_epsilon),
                    .dropout = static_cast<float>(config_.resid_pdrop)};
    return norm;
  }

  // The published files store these matrices as [in, out].
  nn::Linear make_linear(const std::string& name, int64_t in, int64_t out, double std) {
    Parameter* bias = nullptr;
    nn::Linear linear =
        add_linear({.name = name + ".weight", .shape = {out, in}, .transposed = true, .init_std = std}, bias);
    linear.bias = add({.name = name + ".bias", .shape = {out}});
    return linear;
  }

  Layer make_layer(int64_t index) {
    std::string prefix = "transformer.h." + std::to_string(index) + ".";
    int64_t width = hidden_size_, inner = config_.n_inner;
    double std = config_.initializer_range;
    // Residual projections start smaller: the variance of their sum does not grow with depth (section 2.3).
    double residual_std = std / std::sqrt(2.0 * static_cast<double>(num_layers_));
    int64_t head_dim = width / config_.n_head;
    double scale = config_.scale_attn_weights ? 1 / std::sqrt(static_cast<double>(head_dim)) : 1;
    if (config_.scale_attn_by_inverse_layer_idx) scale /= static_cast<double>(index + 1);
    Layer layer;
    layer.ln_1 = make_norm(prefix + "ln_1");
    layer.c_attn = make_linear(prefix + "attn.c_attn", width, 3 * width, std);
    layer.attn_c_proj = make_linear(prefix + "attn.c_proj", width, width, residual_std);
    layer.ln_2 = make_norm(prefix + "ln_2");
    layer.c_fc = make_linear(prefix + "mlp.c_fc", width, inner, std);
    layer.mlp_c_proj = make_linear(prefix + "mlp.c_proj", inner, width, residual_std);
    layer.attention = {.heads = config_.n_head,
                       .kv_heads = config_.n_head,
                       .head_dim = head_dim,
                       .scale = static_cast<float>(scale),
                       .dropout = static_cast<float>(config_.attn_pdrop)};
    return layer;
  }

  Gpt2Config config_;
  Parameter* wte_ = nullptr;
  Parameter* wpe_ = nullptr;
  std::vector<Layer> layers_;
  nn::Norm ln_f_;
};

// A size under GPT-2's own name or the name that all families share.
int64_t either(ConfigReader& r, const char* own, const char* shared, int64_t fallback) {
  int64_t value = read_size(r, shared, fallback);
  if (r.has(own) && r.has(shared) && read_size(r, own, fallback) != value)
    r.fail(own, std::string("contradicts ") + shared, "give one of them");
  return read_size(r, own, value);
}

}  // namespace

Result<std::unique_ptr<Model>> make_gpt2(ConfigReader& r) {
  Gpt2Config c{};
  c.vocab_size = read_size(r, "vocab_size", 50257);
  c.n_positions = either(r, "n_positions", "max_position_embeddings", 1024);
  c.n_embd = either(r, "n_embd", "hidden_size", 768);
  c.n_layer = either(r, "n_layer", "num_hidden_layers", 12);
  c.n_head = either(r, "n_head", "num_attention_heads", 12);
  c.n_inner = either(r, "n_inner", "intermediate_size", 4 * c.n_embd);
  c.layer_norm_epsilon = r.number("layer_norm_epsilon", 1e-5, 0, 1);
  c.initializer_range = r.number("initializer_range", 0.02, 0, 1);
  c.resid_pdrop = r.number("resid_pdrop", 0.1, 0, 0.99);
  c.embd_pdrop = r.number("embd_pdrop", 0.1, 0, 0.99);
  c.attn_pdrop = r.number("attn_pdrop", 0.1, 0, 0.99);
  c.activation_function = read_activation(r, "activation_function", "gelu_new");
  c.scale_attn_weights = r.boolean("scale_attn_weights", true);
  c.scale_attn_by_inverse_layer_idx = r.boolean("scale_attn_by_inverse_layer_idx", false);
  c.tie_word_embeddings = r.boolean("tie_word_embeddings", true);
  r.boolean("reorder_and_upcast_attn", false);  // the same numbers: scores are f32 here always
  if (r.boolean("add_cross_attention", false))
    r.fail("add_cross_attention", "cross attention is not supported for gpt2");
  if (c.n_embd % c.n_head != 0)
    r.fail("n_head", "does not divide the width " + std::to_string(c.n_embd), "change n_head or n_embd");
  if (c.n_layer > 1 << 16) r.fail("n_layer", "is too large");
  if (r.failed()) return r.finish().error();
  Json json = {{"architectures", {"GPT2LMHeadModel"}},
               {"model_type", "gpt2"},
               {"vocab_size", c.vocab_size},
               {"n_positions", c.n_positions},
               {"n_embd", c.n_embd},
               {"n_layer", c.n_layer},
               {"n_head", c.n_head},
               {"n_inner", c.n_inner},
               {"activation_function", r.text("activation_function", "gelu_new")},
               {"resid_pdrop", c.resid_pdrop},
               {"embd_pdrop", c.embd_pdrop},
               {"attn_pdrop", c.attn_pdrop},
               {"layer_norm_epsilon", c.layer_norm_epsilon},
               {"initializer_range", c.initializer_range},
               {"scale_attn_weights", c.scale_attn_weights},
               {"scale_attn_by_inverse_layer_idx", c.scale_attn_by_inverse_layer_idx},
               {"reorder_and_upcast_attn", r.boolean("reorder_and_upcast_attn", false)},
               {"tie_word_embeddings", c.tie_word_embeddings},
               {"use_cache", true}};
  for (const char* key : {"bos_token_id", "eos_token_id", "pad_token_id"}) json[key] = r.raw(key);
  return std::unique_ptr<Model>(std::make_unique<Gpt2>(c, std::move(json)));
}

}  // namespace malmoi::model
