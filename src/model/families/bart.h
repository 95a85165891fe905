// What BART and its kin (mBART, Marian) share beside their layers: the fields of their configs, and their heads.
#pragma once

#include "model/family.h"

namespace malmoi::model {

/// Encoder or decoder.
struct BartSide {
  int64_t layers = 0, heads = 0, ffn_dim = 0;
  double layerdrop = 0;
};

struct BartConfig {
  int64_t vocab_size, decoder_vocab_size, max_position_embeddings, d_model;
  BartSide encoder, decoder;
  double dropout, attention_dropout, activation_dropout, classifier_dropout, init_std;
  kernels::Activation activation_function;
  bool scale_embedding, tie_word_embeddings;
  bool share_embeddings = true;  // of encoder and decoder
  int32_t pad_token_id, eos_token_id, decoder_start_token_id;
};

/// What a family's own configuration class has where a published config says nothing.
struct BartDefaults {
  int64_t vocab_size = 50265;
  int32_t pad_token_id = 1, eos_token_id = 2;
  int32_t decoder_start_token_id = 2;  // -1: none, an answer begins with what its text names
  bool separate_vocabularies = false;  // whether it knows decoder_vocab_size and share_encoder_decoder_embeddings
  bool classifies = true;
};

/// Reads all fields; errors stand in `fields`.
BartConfig read_bart(ConfigFields& fields, const BartDefaults& defaults);

/// Adds the head of a task to parts whose backbone is declared, with sizes and ids. `words`: the decoder's table.
void finish_bart(Parts& parts, const BartConfig& config, Task task, int64_t labels, nn::WeightSlot* words);

/// Fields of published configs that change no number of the reference: what earlier versions chose by them is the family now.
inline constexpr std::string_view kBartInert[] = {"normalize_before",
                                                  "normalize_embedding",
                                                  "static_position_embeddings",
                                                  "add_final_layer_norm",
                                                  "add_bias_logits",
                                                  "extra_pos_embeddings",
                                                  "force_bos_token_to_be_generated",
                                                  "output_past",
                                                  "classif_dropout",
                                                  "classifier_dropout",
                                                  "_num_labels",
                                                  "num_hidden_layers",
                                                  "save_step"};
inline constexpr std::string_view kBartHeads[] = {"lm_head.", "final_logits_bias", "classification_head.",
                                                  "qa_outputs."};
/// Each side stores the table of words again in some versions.
inline constexpr std::string_view kBartBuffers[] = {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight",
                                                    "encoder.version", "decoder.version"};
inline constexpr Family::Alias kBartAliases[] = {{"shared.weight", "encoder.embed_tokens.weight"},
                                                 {"shared.weight", "decoder.embed_tokens.weight"}};

}  // namespace malmoi::model
