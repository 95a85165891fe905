// The encoder that BERT, RoBERTa and ELECTRA share: their config, how it is read, and the layers.
#pragma once

#include <string>
#include <vector>

#include "model/encoder_head.h"
#include "nn/blocks.h"

namespace malmoi::model {

struct BertConfig {
  std::string prefix;  // of the encoder's published names
  int64_t vocab_size = 0, hidden_size = 0, embedding_size = 0, num_hidden_layers = 0, num_attention_heads = 0,
          intermediate_size = 0, max_position_embeddings = 0, type_vocab_size = 0;
  double layer_norm_eps = 1e-12, initializer_range = 0.02, hidden_dropout_prob = 0, attention_probs_dropout_prob = 0,
         classifier_dropout = 0;
  kernels::Activation hidden_act = kernels::Activation::kGelu;
  int32_t pad_token_id = -1;  // its row takes no gradient from look-ups
  bool tie_word_embeddings = true;
  bool positions_pass_over_padding = false;  // tokens count on from pad_token_id, padding stands there (RoBERTa)

  int64_t max_positions() const {
    return positions_pass_over_padding ? max_position_embeddings - pad_token_id - 1 : max_position_embeddings;
  }
  nn::NormSpec norm(int64_t width) const {
    return {.width = width, .layer = true, .eps = layer_norm_eps, .bias = true, .dropout = hidden_dropout_prob};
  }
};

/// Published values, where a config leaves them out.
struct BertDefaults {
  int64_t vocab_size = 30522, hidden_size = 768, num_attention_heads = 12, intermediate_size = 3072;
  int32_t pad_token_id = 0;
  int32_t new_pad_token_id = -1;  // of a training configuration
};

/// The fields that all of them have; embedding_size is hidden_size.
BertConfig read_bert_fields(ConfigFields& fields, const char* prefix, const BertDefaults& defaults);

class BertEncoder final : public Backbone {
 public:
  BertEncoder(nn::ParameterSet& set, const BertConfig& config);
  Var forward(Context& context, const nn::Batch& batch) const override;
  nn::WeightSlot* words() const { return words_; }

 private:
  using Block = nn::PostNormBlock<nn::Mlp>;
  Block make_layer(const nn::Declare& layer) const;
  Var embed(Context& context, const nn::Batch& batch) const;
  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const;

  BertConfig config_;
  nn::WeightSlot* words_ = nullptr;
  nn::WeightSlot* positions_ = nullptr;
  nn::WeightSlot* types_ = nullptr;
  nn::Norm embedding_norm_;
  nn::Linear projection_;  // of embeddings narrower than the layers
  std::vector<Block> layers_;
};

/// A model's parts with this encoder and the head that `spec` gives; none for Task::kFeatures.
template <typename Spec>
Parts make_bert_parts(const BertConfig& config, Task task, const Spec& spec) {
  Parts parts;
  auto encoder = std::make_unique<BertEncoder>(parts.parameters, config);
  nn::WeightSlot* words = encoder->words();
  parts.backbone = std::move(encoder);
  parts.sizes = {config.vocab_size, config.hidden_size, config.num_hidden_layers, config.max_positions(),
                 config.type_vocab_size};
  parts.pad_token_id = config.pad_token_id;
  if (task != Task::kFeatures) add_encoder_head(parts, spec(words));
  return parts;
}

}  // namespace malmoi::model
