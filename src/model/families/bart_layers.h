// The layers of BART and its kin: two stacks of blocks over one table of words, the norms before each part or behind it.
#pragma once

#include <cmath>
#include <type_traits>

#include "model/families/bart.h"
#include "nn/blocks.h"

namespace malmoi::model {

/// Rows by position: learned, or sines and cosines that nothing trains.
enum class BartPositions { kLearned, kSinusoidal };

/// Blocks of one side, from words to hidden states.
template <typename Block, BartPositions kPositions>
class BartStack {
 public:
  static constexpr bool kDecoder = requires(Block block) { block.cross; };
  static constexpr bool kPreNorm =
      std::is_same_v<Block, nn::PreNormBlock<nn::Mlp>> || std::is_same_v<Block, nn::CrossBlock<nn::Mlp>>;
  static constexpr bool kEmbeddingNorm = kPositions == BartPositions::kLearned;

  BartStack() = default;
  BartStack(const nn::Declare& stack, const BartConfig& c, nn::WeightSlot* words)
      : config_(c), side_(kDecoder ? c.decoder : c.encoder), words_(words) {
    positions_ = stack.set().add_weight(position_spec(stack.tensor("embed_positions.weight"), c));
    for (int64_t i = 0; i < side_.layers; ++i) layers_.push_back(make_layer(stack / "layers" / i));
    if (kEmbeddingNorm) embedding_norm_ = make_norm(stack / "layernorm_embedding", 0);
    if (kPreNorm) final_norm_ = make_norm(stack / "layer_norm", c.dropout);
  }

  /// The last hidden states [rows, d_model]. `memory`: of a decoder, empty where the states hold it.
  Var operator()(Context& context, const nn::Batch& batch, Var memory) const {
    Var x = autograd::dropout(context, embed(context, batch), config_.dropout);  // [rows, d_model]
    autograd::BlockIo io{std::move(x)};
    const Var shared[] = {std::move(memory)};
    for (int64_t i = 0; i < side_.layers; ++i) {
      if (nn::drops_layer(context, side_.layerdrop)) continue;
      io = autograd::block<&BartStack::layer>(context, *this, i, batch, std::move(io), shared);
    }
    return kPreNorm ? final_norm_(context, std::move(io.x), std::move(io.delta)).normed : std::move(io.x);
  }

  /// Writes what each layer reads of a memory into the states of the source.
  void remember(Context& context, const Var& memory, const nn::Batch& source) const {
    for (size_t i = 0; i < layers_.size(); ++i)
      layers_[i].cross.remember(context, memory, source, static_cast<int64_t>(2 * i + 1));
  }

 private:
  // BART's learned positions begin at the third row.
  static constexpr int64_t kFirstPosition = kPositions == BartPositions::kLearned ? 2 : 0;

  Var embed(Context& context, const nn::Batch& batch) const {
    const auto scale =
        static_cast<float>(config_.scale_embedding ? std::sqrt(static_cast<double>(config_.d_model)) : 1);
    Var words = autograd::embedding(context, {{&**words_, batch.ids.data(), config_.pad_token_id}},
                                    {.rows = batch.rows(), .scale = scale});
    Var positions = autograd::embedding(
        context, {{.table = &**positions_, .ids = batch.positions.data(), .first_row = kFirstPosition}},
        {.rows = batch.rows()});
    if constexpr (kEmbeddingNorm) return embedding_norm_(context, std::move(words), std::move(positions)).normed;
    else return autograd::add(context, std::move(words), std::move(positions));
  }

  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io,
                          std::span<const Var> shared) const {
    const Block& block = layers_[static_cast<size_t>(index)];
    if constexpr (kDecoder) return block(context, batch, 2 * index, std::move(io), shared[0]);
    else return block(context, batch, 0, std::move(io));
  }

  // sin(p / 10000^(2k/d)) in column k of the first half of a row, the cosines in the second (Vaswani et al. 2017).
  static nn::ParameterSpec position_spec(std::string name, const BartConfig& c) {
    nn::ParameterSpec spec{.name = std::move(name),
                           .shape = {c.max_position_embeddings + kFirstPosition, c.d_model},
                           .role = nn::Role::kPositions,
                           .init = {.std = c.init_std}};
    if (kPositions == BartPositions::kLearned) return spec;
    spec.fixed = true;
    spec.init.fill = [width = c.d_model](uint64_t, float* values, int64_t n) {
      const int64_t sines = (width + 1) / 2;
      for (int64_t i = 0; i < n; ++i) {
        const int64_t position = i / width, column = i % width, k = column < sines ? column : column - sines;
        const double angle =
            static_cast<double>(position) / std::pow(10000.0, 2 * static_cast<double>(k) / static_cast<double>(width));
        values[i] = static_cast<float>(column < sines ? std::sin(angle) : std::cos(angle));
      }
    };
    return spec;
  }

  nn::Norm make_norm(const nn::Declare& declare, double dropout) const {
    return nn::norm(declare, {.width = config_.d_model, .layer = true, .eps = 1e-5, .bias = true, .dropout = dropout});
  }

  Block make_layer(const nn::Declare& layer) const {
    const BartConfig& c = config_;
    nn::AttentionSpec attention{.width = c.d_model,
                                .heads = side_.heads,
                                .kv_heads = side_.heads,
                                .head_dim = c.d_model / side_.heads,
                                .dropout = c.attention_dropout,
                                .mask = {.causal = kDecoder},
                                .bias = true,
                                .out_bias = true,
                                .names = {.out = "out_proj"}};
    Block block;
    block.attention = nn::SelfAttention(layer / "self_attn", attention);
    block.attention_norm = make_norm(layer / "self_attn_layer_norm", c.dropout);
    if constexpr (kDecoder) {
      attention.mask.causal = false;
      block.cross = nn::CrossAttention(layer / "encoder_attn", attention, c.d_model);
      block.cross_norm = make_norm(layer / "encoder_attn_layer_norm", c.dropout);
    }
    block.mlp = nn::mlp(layer, {.width = c.d_model,
                                .inner = side_.ffn_dim,
                                .activation = c.activation_function,
                                .bias = true,
                                .dropout = c.activation_dropout});
    block.mlp_norm = make_norm(layer / "final_layer_norm", c.dropout);
    return block;
  }

  BartConfig config_;
  BartSide side_;
  nn::WeightSlot* words_ = nullptr;
  nn::WeightSlot* positions_ = nullptr;
  std::vector<Block> layers_;
  nn::Norm embedding_norm_, final_norm_;
};

template <typename EncoderBlock, typename DecoderBlock, BartPositions kPositions>
class BartModel final : public Backbone {
 public:
  BartModel(nn::ParameterSet& set, const BartConfig& c) : config_(c) {
    nn::Declare model(set, "model", c.init_std);
    auto table = [&](const nn::Declare& at, int64_t rows) { return nn::embedding(at, {rows, c.d_model}); };
    nn::WeightSlot* source_words = c.share_embeddings ? table(model / "shared", c.vocab_size)
                                                      : table(model / "encoder" / "embed_tokens", c.vocab_size);
    words_ = c.share_embeddings ? source_words : table(model / "decoder" / "embed_tokens", c.decoder_vocab_size);
    encoder_ = {model / "encoder", c, source_words};
    decoder_ = {model / "decoder", c, words_};
  }

  Var encode(Context& context, const nn::Batch& source) const override {
    nn::Batch text = source;  // the encoder reads it whole: states are the decoder's
    text.states = {};
    return encoder_(context, source.states.empty() ? source : text, {});  // [source rows, d_model]
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    if (batch.source) return decoder_(context, batch, encode(context, *batch.source));
    if (!batch.states.empty()) return decoder_(context, batch, {});
    return decoder_(context, after_itself(batch), encode(context, batch));  // a text to be classified
  }

  void remember(Context& context, const Var& memory, const nn::Batch& source) const override {
    decoder_.remember(context, memory, source);
  }

  // Of each decoder layer: its own keys, then those of the memory.
  std::vector<nn::LayerState> states() const override {
    std::vector<nn::LayerState> states;
    for (int64_t i = 0; i < config_.decoder.layers; ++i) {
      for (nn::StateKind kind : {nn::StateKind::kPagedKeys, nn::StateKind::kMemoryKeys})
        states.push_back({.kind = kind, .key_width = config_.d_model, .value_width = config_.d_model});
    }
    return states;
  }

  /// The decoder's table.
  nn::WeightSlot* words() const { return words_; }

 private:
  // What the decoder reads of a text that the encoder reads, too: the same moved right by one, behind the token that begins
  // an answer, or, where the model names none, behind the text's last one.
  const nn::Batch& after_itself(const nn::Batch& batch) const {
    moved_ids_.assign(batch.ids.begin(), batch.ids.end());
    for (const autograd::Run& run : batch.runs) {
      const auto begin = static_cast<size_t>(run.begin), end = static_cast<size_t>(run.begin + run.length);
      size_t last = end - 1;
      while (last > begin && !batch.key_mask.empty() && batch.key_mask[last] == 0) --last;
      const int32_t start = config_.decoder_start_token_id;
      moved_ids_[begin] = start >= 0 ? start : batch.ids[last];
      for (size_t row = begin + 1; row < end; ++row) moved_ids_[row] = batch.ids[row - 1];
    }
    moved_ = batch;
    moved_.ids = moved_ids_;
    moved_.key_mask = {};
    moved_.source = &batch;
    return moved_;
  }

  BartConfig config_;
  nn::WeightSlot* words_ = nullptr;
  BartStack<EncoderBlock, kPositions> encoder_;
  BartStack<DecoderBlock, kPositions> decoder_;
  // Of the last forward pass over texts to be classified, until its backward pass is done.
  mutable std::vector<int32_t> moved_ids_;
  mutable nn::Batch moved_;
};

/// Reads the config and makes the model: the `make` of a family is a call of this.
template <typename EncoderBlock, typename DecoderBlock, BartPositions kPositions>
Parts make_bart(ConfigFields& f, Task task, int64_t labels, const BartDefaults& defaults) {
  const BartConfig config = read_bart(f, defaults);
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<BartModel<EncoderBlock, DecoderBlock, kPositions>>(parts.parameters, config);
  finish_bart(parts, config, task, labels, backbone->words());
  parts.backbone = std::move(backbone);
  return parts;
}

}  // namespace malmoi::model
