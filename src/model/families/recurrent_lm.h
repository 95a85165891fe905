// What LSTM and GRU language models share (Mikolov et al. 2010; Zaremba et al. 2014): embeddings, layers of a recurrent cell
// with dropout between them, and a head, under the names that torch.nn gives their weights.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "base/rng.h"
#include "model/families/lm_head.h"
#include "nn/linear.h"

namespace malmoi::model {

struct RecurrentConfig {
  kernels::RecurrentCell cell;
  int64_t vocab_size, embed_size, hidden_size, num_layers;
  double dropout;
  bool tie_word_embeddings;
};

class RecurrentLm final : public Backbone {
 public:
  RecurrentLm(nn::ParameterSet& set, const RecurrentConfig& c, double embed_std) : config_(c) {
    embed_ = nn::embedding(nn::Declare(set, "embed", embed_std), {c.vocab_size, c.embed_size});
    for (int64_t i = 0; i < c.num_layers; ++i) layers_.push_back(make_layer(set, i));
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    autograd::BlockIo io{
        autograd::embedding(context, {{&**embed_, batch.ids.data()}}, {.rows = batch.rows()})};  // [rows, embed_size]
    for (int64_t i = 0; i < config_.num_layers; ++i)
      io = autograd::block<&RecurrentLm::layer>(context, *this, i, batch, std::move(io));
    return std::move(io.x);  // [rows, hidden_size]
  }

  std::vector<nn::LayerState> states() const override {
    int64_t elements = kernels::recurrent_state(config_.cell, config_.hidden_size);
    return std::vector<nn::LayerState>(static_cast<size_t>(config_.num_layers),
                                       {.kind = nn::StateKind::kRecurrent, .elements = elements});
  }
  bool carries_states() const override { return true; }

  nn::WeightSlot* embed() const { return embed_; }

 private:
  struct Layer {
    nn::Linear input;        // [gates * hidden_size, the layer's input]
    nn::WeightSlot* hidden;  // [gates * hidden_size, hidden_size]
    Parameter* hidden_bias;
  };

  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    const Layer& l = layers_[static_cast<size_t>(index)];
    Var x = index > 0 ? autograd::dropout(context, std::move(io.x), config_.dropout) : std::move(io.x);
    Var gates = l.input(context, std::move(x));  // [rows, gates * hidden_size]
    const nn::CarriedElements carried = nn::carried_elements(batch, index);
    return {autograd::recurrent(context, std::move(gates), **l.hidden, l.hidden_bias,
                                {.cell = config_.cell,
                                 .runs = batch.runs,
                                 .states = carried.before,
                                 .next_states = carried.after})};  // [rows, hidden_size]
  }

  // All of a layer starts evenly within 1 / sqrt(hidden_size), as torch.nn has it.
  Layer make_layer(nn::ParameterSet& set, int64_t index) const {
    const int64_t gates = kernels::recurrent_gates(config_.cell) * config_.hidden_size;
    const double bound = 1 / std::sqrt(static_cast<double>(config_.hidden_size));
    auto fill = [bound](uint64_t seed, float* values, int64_t n) {
      Rng rng(seed, 0);
      for (int64_t i = 0; i < n; ++i) values[i] = static_cast<float>(bound * (2 * rng.uniform() - 1));
    };
    auto spec = [&](const char* name, Shape shape, nn::Role role) {
      return nn::ParameterSpec{.name = "rnn." + std::string(name) + "_l" + std::to_string(index),
                               .shape = shape,
                               .role = role,
                               .init = {.fill = fill}};
    };
    const int64_t in = index == 0 ? config_.embed_size : config_.hidden_size;
    Layer l{};
    l.input.weight = set.add_weight(spec("weight_ih", {gates, in}, nn::Role::kMatrix));
    l.hidden = set.add_weight(spec("weight_hh", {gates, config_.hidden_size}, nn::Role::kMatrix));
    l.input.bias = set.add(spec("bias_ih", {gates}, nn::Role::kVector));
    l.hidden_bias = set.add(spec("bias_hh", {gates}, nn::Role::kVector));
    return l;
  }

  RecurrentConfig config_;
  nn::WeightSlot* embed_ = nullptr;
  std::vector<Layer> layers_;
};

inline Parts make_recurrent_lm(ConfigFields& f, kernels::RecurrentCell cell) {
  constexpr double kEmbedStd = 0.1;  // of embeddings and head: small beside what a layer's units reach
  RecurrentConfig c{.cell = cell};   // where a config says nothing: the medium model of Zaremba et al.
  c.vocab_size = f.size("vocab_size", {10000, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {650, {}, "the units of a layer"});
  c.embed_size = f.size("embed_size", {c.hidden_size, c.hidden_size});
  c.num_layers = f.size("num_layers", "num_hidden_layers", {2, {}, "the number of layers"});
  c.dropout = f.number("dropout", 0, 0, 0.99);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", false);
  if (c.tie_word_embeddings && c.embed_size != c.hidden_size)
    f.fail("tie_word_embeddings", "needs an embed_size like hidden_size, " + std::to_string(c.hidden_size),
           "change embed_size, or give the head a matrix of its own");
  if (c.num_layers > kMostLayers) f.fail("num_layers", "is too large");
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<RecurrentLm>(parts.parameters, c, kEmbedStd);
  add_lm_head(parts, backbone->embed(), c.tie_word_embeddings, "head", kEmbedStd, c.hidden_size);
  parts.head->bias = parts.parameters.add({.name = "head.bias", .shape = {c.vocab_size}});
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_layers, kNoLimit};
  return parts;
}

// Sizes of other families, beside which configurations stand that are compared.
constexpr std::string_view kRecurrentInert[] = {"max_position_embeddings", "num_attention_heads"};
constexpr std::string_view kRecurrentHeads[] = {"head."};

}  // namespace malmoi::model
