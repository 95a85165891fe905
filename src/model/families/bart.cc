// BART (Lewis et al. 2019): an encoder-decoder with learned positions and a norm behind each sum.
#include "model/families/bart_layers.h"
#include "model/families/lm_head.h"

namespace malmoi::model {
namespace {

// A dense layer and tanh over the last end-of-text token that the decoder read, and one number for each label.
class EndTokenHead final : public Head {
 public:
  EndTokenHead(nn::ParameterSet& set, const BartConfig& c, int64_t labels)
      : dropout_(c.classifier_dropout), eos_token_id_(c.eos_token_id) {
    nn::Declare head(set, "classification_head", c.init_std);
    dense_ = nn::linear(head / "dense", {.in = c.d_model, .out = c.d_model, .bias = true});
    nn::Linear out =
        nn::linear(head / "out_proj", {.in = c.d_model, .out = labels, .bias = true, .role = nn::Role::kHead});
    weight = out.weight;
    bias = out.bias;
    row_for_each_run = true;
  }

  Var features(Context& context, Var hidden, const nn::Batch& batch) const override {
    Var ends = autograd::gather_rows(context, std::move(hidden), end_rows(batch));  // [runs, d_model]
    ends = dense_(context, autograd::dropout(context, std::move(ends), dropout_));
    ends = autograd::activation(context, std::move(ends), kernels::Activation::kTanh);
    return autograd::dropout(context, std::move(ends), dropout_);
  }

 private:
  // Of each text, or its last row where it has no such token.
  std::span<const int32_t> end_rows(const nn::Batch& batch) const {
    end_rows_.clear();
    for (const autograd::Run& run : batch.runs) {
      int64_t last = -1, end = -1;
      for (int64_t row = run.begin; row < run.begin + run.length; ++row) {
        const auto at = static_cast<size_t>(row);
        if (!batch.key_mask.empty() && batch.key_mask[at] == 0) continue;
        last = row;
        if (batch.ids[at] == eos_token_id_) end = row;
      }
      end_rows_.push_back(static_cast<int32_t>(end >= 0 ? end : last));
    }
    return end_rows_;
  }

  nn::Linear dense_;
  double dropout_;
  int32_t eos_token_id_;
  mutable std::vector<int32_t> end_rows_;  // of the last pass, until its backward pass is done
};

// A config may give a side's number under its own name and under the one that all families share, which is the encoder's
// today and was an echo in older versions: the own one counts.
int64_t own_or_shared(ConfigFields& f, const char* own, const char* shared, SizeDefault fallback) {
  if (f.training() || !f.has(own)) return f.size(own, shared, fallback);
  f.reader().raw(shared);
  return f.size(own, fallback);
}

void read_sides(ConfigFields& f, BartConfig& c) {
  BartSide &encoder = c.encoder, &decoder = c.decoder;
  encoder.layers =
      own_or_shared(f, "encoder_layers", "num_hidden_layers", {12, {}, "the number of layers of each side"});
  encoder.heads = own_or_shared(f, "encoder_attention_heads", "num_attention_heads", {16, {}, "the number of heads"});
  encoder.ffn_dim = f.size("encoder_ffn_dim", {4096, 4 * c.d_model});
  decoder.layers = f.size("decoder_layers", {12, encoder.layers});
  decoder.heads = f.size("decoder_attention_heads", {16, encoder.heads});
  decoder.ffn_dim = f.size("decoder_ffn_dim", {4096, encoder.ffn_dim});
  encoder.layerdrop = f.number("encoder_layerdrop", 0, 0, 0.99);
  decoder.layerdrop = f.number("decoder_layerdrop", 0, 0, 0.99);
  if (c.d_model % encoder.heads != 0 || c.d_model % decoder.heads != 0)
    f.fail("encoder_attention_heads", "does not divide the width " + std::to_string(c.d_model),
           "change d_model or the numbers of heads");
  if (encoder.layers > kMostLayers || decoder.layers > kMostLayers) f.fail("encoder_layers", "is too large");
}

void read_vocabularies(ConfigFields& f, BartConfig& c, const BartDefaults& defaults) {
  c.vocab_size = c.decoder_vocab_size = f.size("vocab_size", {defaults.vocab_size, {}, "it, or a tokenizer"});
  if (!defaults.separate_vocabularies) return;
  c.share_embeddings = f.flag("share_encoder_decoder_embeddings", true);
  if (f.has("decoder_vocab_size")) c.decoder_vocab_size = f.size("decoder_vocab_size", c.vocab_size);
  else f.publish("decoder_vocab_size", c.vocab_size);
  if (c.share_embeddings && c.decoder_vocab_size != c.vocab_size)
    f.fail("decoder_vocab_size", "is not vocab_size, and encoder and decoder share one table",
           "make them equal, or set share_encoder_decoder_embeddings to false");
}

// A published default may lie outside a small vocabulary of one's own: then the last token.
int32_t default_id(const ConfigFields& f, int32_t published, int64_t vocab_size) {
  return f.training() && published >= vocab_size ? static_cast<int32_t>(vocab_size - 1) : published;
}

// The end of a text; of a list, the first.
int32_t read_end(ConfigFields& f, const BartConfig& c, const BartDefaults& defaults) {
  constexpr const char* kKey = "eos_token_id";
  const Json& given = f.reader().raw(kKey);
  if (!given.is_array())
    return f.token_id(kKey, c.decoder_vocab_size, default_id(f, defaults.eos_token_id, c.decoder_vocab_size));
  f.publish(kKey, given);
  if (!given.empty() && given[0].is_number_integer()) return given[0].get<int32_t>();
  f.fail(kKey, "is a list without ids", "name the token that ends a text");
  return -1;
}

}  // namespace

BartConfig read_bart(ConfigFields& f, const BartDefaults& defaults) {
  BartConfig c{};
  read_vocabularies(f, c, defaults);
  c.d_model = f.size("d_model", "hidden_size", {1024, {}, "the width of the model"});
  read_sides(f, c);
  c.max_position_embeddings = f.size("max_position_embeddings", {1024});
  c.activation_function = f.activation("activation_function", "gelu");
  c.dropout = f.number("dropout", 0.1, 0, 0.99);
  c.attention_dropout = f.number("attention_dropout", 0, 0, 0.99);
  c.activation_dropout = f.number("activation_dropout", 0, 0, 0.99);
  if (defaults.classifies) c.classifier_dropout = f.number("classifier_dropout", 0, 0, 0.99);
  c.init_std = f.number("init_std", 0.02, 0, 1);
  c.scale_embedding = f.flag("scale_embedding", false);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", true);
  c.pad_token_id = f.token_id("pad_token_id", c.vocab_size, f.training() ? -1 : defaults.pad_token_id);
  c.eos_token_id = read_end(f, c, defaults);
  // A new model begins as mBART-50 does where its config's class names nothing.
  const bool by_end = f.training() && defaults.decoder_start_token_id < 0;
  const int32_t start = by_end ? c.eos_token_id : default_id(f, defaults.decoder_start_token_id, c.decoder_vocab_size);
  c.decoder_start_token_id = f.token_id("decoder_start_token_id", c.decoder_vocab_size, start);
  if (c.decoder_start_token_id < 0 && defaults.decoder_start_token_id >= 0)
    f.fail("decoder_start_token_id", "is missing", "name the token that an answer begins with");
  f.token_ids({"forced_bos_token_id", "forced_eos_token_id"});
  f.refuse("is_decoder", f.flag("is_decoder", false), "a decoder alone is not supported for this family");
  f.refuse("is_encoder_decoder", !f.flag("is_encoder_decoder", true),
           "an encoder or a decoder alone is not supported for this family");
  return c;
}

void finish_bart(Parts& parts, const BartConfig& c, Task task, int64_t labels, nn::WeightSlot* words) {
  parts.head_begin = parts.parameters.entries().size();
  if (task == Task::kSeq2Seq) {
    add_lm_head(parts, words, c.tie_word_embeddings, "lm_head", c.init_std);
    parts.head->bias =
        parts.parameters.add({.name = "final_logits_bias", .shape = {1, c.decoder_vocab_size}, .fixed = true});
  }
  if (task == Task::kClassification) parts.head = std::make_unique<EndTokenHead>(parts.parameters, c, labels);
  parts.sizes = {c.vocab_size, c.d_model, c.encoder.layers + c.decoder.layers, c.max_position_embeddings};
  // What a decoder reads where there is no label.
  parts.pad_token_id = c.pad_token_id >= 0 ? c.pad_token_id : c.decoder_start_token_id;
  parts.decoder_start_token_id = c.decoder_start_token_id;
}

}  // namespace malmoi::model

namespace malmoi::model::bart {
namespace {

constexpr ModelClass kClasses[] = {{Task::kSeq2Seq, "BartForConditionalGeneration"},
                                   {Task::kClassification, "BartForSequenceClassification"},
                                   {Task::kFeatures, "BartModel"}};
constexpr std::string_view kPrefixes[] = {"model."};

Parts make(ConfigFields& f, Task task, int64_t labels) {
  return make_bart<nn::PostNormBlock<nn::Mlp>, nn::PostNormCrossBlock<nn::Mlp>, BartPositions::kLearned>(f, task,
                                                                                                         labels, {});
}

}  // namespace

extern const Family family{.model_type = "bart",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .aliases = kBartAliases,
                           .head_prefixes = kBartHeads,
                           .buffers = kBartBuffers,
                           .inert = kBartInert};

}  // namespace malmoi::model::bart
