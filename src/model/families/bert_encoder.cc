#include "model/families/bert_encoder.h"

namespace malmoi::model {

BertConfig read_bert_fields(ConfigFields& f, const char* prefix, const BertDefaults& defaults) {
  BertConfig c;
  c.prefix = prefix;
  c.vocab_size = f.size("vocab_size", {defaults.vocab_size, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {defaults.hidden_size, {}, "the width of the model"});
  c.embedding_size = c.hidden_size;
  c.num_hidden_layers = f.size("num_hidden_layers", {12, {}, "the number of layers"});
  c.num_attention_heads = f.size("num_attention_heads", {defaults.num_attention_heads, {}, "the number of heads"});
  c.intermediate_size = f.size("intermediate_size", {defaults.intermediate_size, 4 * c.hidden_size});
  c.max_position_embeddings = f.size("max_position_embeddings", {512});
  c.type_vocab_size = f.size("type_vocab_size", {2, 2});
  c.layer_norm_eps = f.number("layer_norm_eps", 1e-12, 0, 1);
  c.initializer_range = f.number("initializer_range", 0.02, 0, 1);
  c.hidden_dropout_prob = f.number("hidden_dropout_prob", 0.1, 0, 0.99);
  c.attention_probs_dropout_prob = f.number("attention_probs_dropout_prob", 0.1, 0, 0.99);
  bool own_dropout = f.has("classifier_dropout");  // null: that of the hidden states
  c.classifier_dropout = own_dropout ? f.number("classifier_dropout", 0, 0, 0.99) : c.hidden_dropout_prob;
  if (!own_dropout) f.publish("classifier_dropout", nullptr);
  c.hidden_act = f.activation("hidden_act", "gelu");
  c.pad_token_id =
      f.token_id("pad_token_id", c.vocab_size, f.training() ? defaults.new_pad_token_id : defaults.pad_token_id);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", true);
  f.refuse("is_decoder", f.flag("is_decoder", false), "a decoder is not supported here");
  f.refuse("add_cross_attention", f.flag("add_cross_attention", false), "cross attention is not supported here");
  std::string positions = f.text("position_embedding_type", "absolute");
  f.refuse("position_embedding_type", positions != "absolute", "'" + positions + "' is not supported here");
  if (c.hidden_size % c.num_attention_heads != 0)
    f.fail("hidden_size", "is not a multiple of num_attention_heads", "change one of them");
  if (c.num_hidden_layers > kMostLayers) f.fail("num_hidden_layers", "is too large");
  return c;
}

BertEncoder::BertEncoder(nn::ParameterSet& set, const BertConfig& c) : config_(c) {
  nn::Declare model(set, c.prefix, c.initializer_range), embeddings = model / "embeddings";
  words_ = nn::embedding(embeddings / "word_embeddings", {c.vocab_size, c.embedding_size});
  positions_ = nn::embedding(embeddings / "position_embeddings",
                             {c.max_position_embeddings, c.embedding_size, nn::Role::kPositions});
  types_ =
      nn::embedding(embeddings / "token_type_embeddings", {c.type_vocab_size, c.embedding_size, nn::Role::kPositions});
  embedding_norm_ = nn::norm(embeddings / "LayerNorm", c.norm(c.embedding_size));
  if (c.embedding_size != c.hidden_size)
    projection_ =
        nn::linear(model / "embeddings_project", {.in = c.embedding_size, .out = c.hidden_size, .bias = true});
  for (int64_t i = 0; i < c.num_hidden_layers; ++i) layers_.push_back(make_layer(model / "encoder" / "layer" / i));
}

BertEncoder::Block BertEncoder::make_layer(const nn::Declare& layer) const {
  const BertConfig& c = config_;
  nn::Declare attention = layer / "attention";
  Block block;
  block.attention = nn::SelfAttention(attention, {.width = c.hidden_size,
                                                  .heads = c.num_attention_heads,
                                                  .kv_heads = c.num_attention_heads,
                                                  .head_dim = c.hidden_size / c.num_attention_heads,
                                                  .dropout = c.attention_probs_dropout_prob,
                                                  .mask = {.causal = false},
                                                  .bias = true,
                                                  .out_bias = true,
                                                  .names = {"self.query", "self.key", "self.value", "output.dense"}});
  block.attention_norm = nn::norm(attention / "output" / "LayerNorm", c.norm(c.hidden_size));
  block.mlp = nn::mlp(layer, {.width = c.hidden_size,
                              .inner = c.intermediate_size,
                              .activation = c.hidden_act,
                              .bias = true,
                              .in_name = "intermediate.dense",
                              .out_name = "output.dense"});
  block.mlp_norm = nn::norm(layer / "output" / "LayerNorm", c.norm(c.hidden_size));
  return block;
}

Var BertEncoder::forward(Context& context, const nn::Batch& batch) const {
  Var x = embedding_norm_(context, embed(context, batch));  // [rows, embedding_size]
  x = autograd::dropout(context, std::move(x), config_.hidden_dropout_prob);
  if (projection_.weight) x = projection_(context, std::move(x));
  autograd::BlockIo io{std::move(x)};  // [rows, hidden_size]
  for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
    io = autograd::block<&BertEncoder::layer>(context, *this, i, batch, std::move(io));
  return std::move(io.x);
}

Var BertEncoder::embed(Context& context, const nn::Batch& batch) const {
  const int32_t padding = config_.pad_token_id;
  const int32_t* positions = batch.positions.data();
  Tensor counted;
  if (config_.positions_pass_over_padding) {  // as fairseq's make_positions
    counted = context.temporary(DType::kI32, {batch.rows()});
    positions = counted.as<int32_t>();
    context.step("positions", 0, [&] {
      for (const autograd::Run& run : batch.runs) {
        int32_t position = padding;
        for (int64_t r = run.begin; r < run.begin + run.length; ++r)
          counted.as<int32_t>()[r] = batch.ids[static_cast<size_t>(r)] == padding ? padding : ++position;
      }
    });
  }
  return autograd::embedding(context,
                             {{&**words_, batch.ids.data(), padding},
                              {&**positions_, positions, config_.positions_pass_over_padding ? padding : -1},
                              {&**types_, batch.token_types.data()}},
                             {.rows = batch.rows()}, std::move(counted));
}

autograd::BlockIo BertEncoder::layer(Context& context, int64_t index, const nn::Batch& batch,
                                     autograd::BlockIo io) const {
  return layers_[static_cast<size_t>(index)](context, batch, index, std::move(io));
}

}  // namespace malmoi::model
