// RWKV-4 (Peng et al. 2023): rows mixed with the rows before them, and an average of all values so far whose weights fade by
// channel, in place of attention.
#include <algorithm>
#include <cmath>

#include "model/families/lm_head.h"
#include "nn/blocks.h"

namespace malmoi::model::rwkv {
namespace {

struct RwkvConfig {
  int64_t vocab_size, hidden_size, num_hidden_layers, attention_hidden_size, intermediate_size, rescale_every;
  double layer_norm_epsilon;
  bool tie_word_embeddings;
};

struct TimeMix {
  Parameter *key_share, *value_share, *receptance_share, *decay, *first;
  nn::Linear key, value, receptance, out;
};

struct ChannelMix {
  Parameter *key_share, *receptance_share;
  nn::Linear key, receptance, value;
};

struct Layer {
  nn::Norm time_norm, channel_norm;
  TimeMix time;
  ChannelMix channel;
};

constexpr int64_t kStates = 3;  // of a layer: the last row of each part, and the sums of the average

class Rwkv final : public Backbone {
 public:
  Rwkv(nn::ParameterSet& set, const RwkvConfig& c) : config_(c) {
    nn::Declare model(set, "rwkv", 1 / std::sqrt(static_cast<double>(c.hidden_size)));
    embeddings_ = nn::embedding(model / "embeddings", {.rows = c.vocab_size, .width = c.hidden_size, .std = 1e-4});
    pre_norm_ = make_norm(model / "blocks" / 0 / "pre_ln");
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) layers_.push_back(make_layer(model / "blocks" / i, i));
    norm_ = make_norm(model / "ln_out");
    norm_.options.eps = 1e-5f;  // whatever that of the layers is
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    Var words = autograd::embedding(context, {{&**embeddings_, batch.ids.data()}}, {.rows = batch.rows()});
    autograd::BlockIo io{pre_norm_(context, std::move(words))};  // [rows, hidden_size]
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
      io = autograd::block<&Rwkv::layer>(context, *this, i, batch, std::move(io));
    nn::Norm norm = rescaled(context, norm_, config_.num_hidden_layers);
    return norm(context, std::move(io.x), std::move(io.delta)).normed;
  }

  std::vector<nn::LayerState> states() const override {
    std::vector<nn::LayerState> states;
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i) {
      states.push_back({.kind = nn::StateKind::kConvolution, .elements = config_.hidden_size});
      states.push_back({.kind = nn::StateKind::kRecurrent, .elements = 3 * config_.attention_hidden_size});
      states.push_back({.kind = nn::StateKind::kConvolution, .elements = config_.hidden_size});
    }
    return states;
  }

  nn::WeightSlot* embeddings() const { return embeddings_; }

 private:
  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    const Layer& l = layers_[static_cast<size_t>(index)];
    nn::Norm time_norm = rescaled(context, l.time_norm, index), channel_norm = rescaled(context, l.channel_norm, index);
    auto [x, h] = time_norm(context, std::move(io.x), std::move(io.delta));  // [rows, hidden_size]
    Var mixed = mix_time(context, l.time, batch, kStates * index, std::move(h));
    auto [x2, h2] = channel_norm(context, std::move(x), std::move(mixed));
    return {std::move(x2), mix_channels(context, l.channel, batch, kStates * index + 2, std::move(h2))};
  }

  // out(sigmoid(r) * wkv(k, v)), each of k, v and r from rows mixed in shares of its own (section 3.1.2).
  Var mix_time(Context& context, const TimeMix& m, const nn::Batch& batch, int64_t slot, Var h) const {
    int64_t width = config_.attention_hidden_size;
    std::vector<float*> last_rows = nn::carried_elements(batch, slot).before,
                        sums = nn::carried_elements(batch, slot + 1).before;
    auto [key_rows, value_rows, receptance_rows] =
        autograd::token_shift(context, std::move(h), {m.key_share, m.value_share, m.receptance_share},
                              {.runs = batch.runs, .states = last_rows});  // [rows, hidden_size] each
    Var k = m.key(context, std::move(key_rows)), v = m.value(context, std::move(value_rows));  // [rows, width]
    Var r = m.receptance(context, std::move(receptance_rows));
    Var average = autograd::wkv(context, std::move(k), std::move(v),
                                {.decay = m.decay, .first = m.first, .runs = batch.runs, .states = sums});
    return m.out(context, autograd::multiply(context, {std::move(average), 0, width}, {std::move(r), 0, width},
                                             kernels::Activation::kSigmoid));
  }

  // sigmoid(r) * value(max(k, 0)^2) (section 3.1.3).
  Var mix_channels(Context& context, const ChannelMix& m, const nn::Batch& batch, int64_t slot, Var h) const {
    int64_t width = config_.hidden_size;
    std::vector<float*> last_rows = nn::carried_elements(batch, slot).before;
    auto [key_rows, receptance_rows, nothing] = autograd::token_shift(
        context, std::move(h), {m.key_share, m.receptance_share}, {.runs = batch.runs, .states = last_rows});
    Var k = m.key(context, std::move(key_rows));  // [rows, intermediate_size]
    Var v = m.value(context, autograd::activation(context, std::move(k), kernels::Activation::kReluSquared));
    Var r = m.receptance(context, std::move(receptance_rows));  // [rows, hidden_size]
    return autograd::multiply(context, {std::move(v), 0, width}, {std::move(r), 0, width},
                              kernels::Activation::kSigmoid);
  }

  // When it is not trained, the reference halves the stream behind every so many layers, and what those add to it. Norms
  // undo that but for their epsilon, which stands beside a variance that is a quarter each time.
  nn::Norm rescaled(const Context& context, nn::Norm norm, int64_t layers_before) const {
    if (context.training || config_.rescale_every <= 0) return norm;
    auto halvings = static_cast<int>(std::min<int64_t>(layers_before / config_.rescale_every, kMostHalvings));
    norm.options.eps = std::ldexp(norm.options.eps, 2 * halvings);
    return norm;
  }
  static constexpr int64_t kMostHalvings = 60;  // beyond that f32 has no epsilon so large

  nn::Norm make_norm(const nn::Declare& declare) const {
    return nn::norm(declare,
                    {.width = config_.hidden_size, .layer = true, .eps = config_.layer_norm_epsilon, .bias = true});
  }

  // The share of each channel's own row, (i / hidden_size)^power + more: it falls with depth, as the authors start it.
  Parameter* make_share(const nn::Declare& declare, const char* name, double power, double more = 0) const {
    auto fill = [=](uint64_t, float* values, int64_t n) {
      for (int64_t i = 0; i < n; ++i)
        values[i] = static_cast<float>(std::pow(static_cast<double>(i) / static_cast<double>(n), power) + more);
    };
    return declare.set().add(
        {.name = declare.tensor(name), .shape = {1, 1, config_.hidden_size}, .init = {.fill = fill}});
  }

  Parameter* make_vector(const nn::Declare& declare, const char* name, decltype(nn::Init::fill) fill) const {
    return declare.set().add(
        {.name = declare.tensor(name), .shape = {config_.attention_hidden_size}, .init = {.fill = std::move(fill)}});
  }

  Layer make_layer(const nn::Declare& layer, int64_t index) const {
    const RwkvConfig& c = config_;
    auto depth = static_cast<double>(index), layers = static_cast<double>(c.num_hidden_layers);
    double down = 1 - depth / layers, up = depth / std::max(layers - 1, 1.0);  // 1 to nearly 0, 0 to 1
    Layer l;
    l.time_norm = make_norm(layer / "ln1");
    l.channel_norm = make_norm(layer / "ln2");
    l.time = make_time_mix(layer / "attention", down, up);
    nn::Declare mix = layer / "feed_forward";
    l.channel.key_share = make_share(mix, "time_mix_key", down);
    l.channel.receptance_share = make_share(mix, "time_mix_receptance", down);
    l.channel.key = make_linear(mix / "key", c.hidden_size, c.intermediate_size);
    l.channel.receptance = make_linear(mix / "receptance", c.hidden_size, c.hidden_size);
    l.channel.value = make_linear(mix / "value", c.intermediate_size, c.hidden_size);
    return l;
  }

  TimeMix make_time_mix(const nn::Declare& mix, double down, double up) const {
    const RwkvConfig& c = config_;
    TimeMix m;
    m.key_share = make_share(mix, "time_mix_key", down);
    m.value_share = make_share(mix, "time_mix_value", down, 0.3 * up);
    m.receptance_share = make_share(mix, "time_mix_receptance", 0.5 * down);
    m.decay = make_vector(mix, "time_decay", [up](uint64_t, float* values, int64_t n) {
      auto last = static_cast<double>(std::max<int64_t>(n - 1, 1));
      for (int64_t i = 0; i < n; ++i)
        values[i] = static_cast<float>(-5 + 8 * std::pow(static_cast<double>(i) / last, 0.7 + 1.3 * up));
    });
    m.first = make_vector(mix, "time_first", [](uint64_t, float* values, int64_t n) {
      for (int64_t i = 0; i < n; ++i)  // three neighbours differ, so that they may learn apart
        values[i] = static_cast<float>(std::log(0.3) + 0.5 * static_cast<double>((i + 1) % 3 - 1));
    });
    m.key = make_linear(mix / "key", c.hidden_size, c.attention_hidden_size);
    m.value = make_linear(mix / "value", c.hidden_size, c.attention_hidden_size);
    m.receptance = make_linear(mix / "receptance", c.hidden_size, c.attention_hidden_size);
    m.out = make_linear(mix / "output", c.attention_hidden_size, c.hidden_size);
    return m;
  }

  // As large as the reference's orthogonal matrices.
  nn::Linear make_linear(const nn::Declare& declare, int64_t in, int64_t out) const {
    return nn::linear(declare, {.in = in, .out = out, .std = 1 / std::sqrt(static_cast<double>(in))});
  }

  RwkvConfig config_;
  nn::WeightSlot* embeddings_ = nullptr;
  nn::Norm pre_norm_;
  std::vector<Layer> layers_;
  nn::Norm norm_;
};

RwkvConfig read(ConfigFields& f) {
  RwkvConfig c{};
  c.vocab_size = f.size("vocab_size", {50277, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {4096, {}, "the width of the model"});
  c.num_hidden_layers = f.size("num_hidden_layers", {32, {}, "the number of layers"});
  f.size("context_length", "max_position_embeddings", {1024, 1024});  // of training: a recurrence has no end
  c.attention_hidden_size = f.size("attention_hidden_size", {c.hidden_size, c.hidden_size});
  c.intermediate_size = f.size("intermediate_size", {4 * c.hidden_size, 4 * c.hidden_size});
  c.layer_norm_epsilon = f.number("layer_norm_epsilon", 1e-5, 0, 1);
  c.rescale_every = f.integer("rescale_every", 6, -(int64_t{1} << 30));
  c.tie_word_embeddings = f.flag("tie_word_embeddings", false);
  if (c.num_hidden_layers > kMostLayers) f.fail("num_hidden_layers", "is too large");
  return c;
}

Parts make(ConfigFields& f, Task, int64_t) {
  RwkvConfig c = read(f);
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<Rwkv>(parts.parameters, c);
  add_lm_head(parts, backbone->embeddings(), c.tie_word_embeddings, "head",
              0.5 / std::sqrt(static_cast<double>(c.hidden_size)));
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, kNoLimit};
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "RwkvForCausalLM"}};
constexpr std::string_view kPrefixes[] = {"rwkv."};
constexpr std::string_view kInert[] = {"num_attention_heads"};
constexpr std::string_view kHeads[] = {"head."};

}  // namespace

extern const Family family{.model_type = "rwkv",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .head_prefixes = kHeads,
                           .inert = kInert};

}  // namespace malmoi::model::rwkv
