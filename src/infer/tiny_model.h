// Tiny random models and a tokenizer of bytes, for the tests of this folder and of those above it.
#pragma once

#include <memory>
#include <string>

#include "base/config.h"
#include "base/json.h"
#include "base/parallel.h"
#include "base/utf8.h"
#include "model/registry.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::infer {

constexpr int32_t kTinyEnd = 256;  // the id of <|endoftext|>

/// A model of a config with random weights.
inline std::unique_ptr<model::Model> tiny_model_of(const Json& config, uint64_t seed, model::MakeOptions options = {}) {
  set_num_threads(1);  // a team costs more than it helps here
  ConfigDocument document;
  document.root = config;
  auto model = model::make_model(document, document.root, options);
  if (!model.ok()) return nullptr;
  (*model)->parameters.allocate(model::Purpose::kTraining, DType::kF32);
  (*model)->parameters.initialize(seed);
  return *std::move(model);
}

/// A llama of two layers, 32 wide, with weights large enough that its choices differ from step to step.
inline std::unique_ptr<model::Model> tiny_model(int64_t context = 128, uint64_t seed = 7) {
  return tiny_model_of({{"model_type", "llama"},
                        {"vocab_size", 264},
                        {"hidden_size", 32},
                        {"intermediate_size", 64},
                        {"num_hidden_layers", 2},
                        {"num_attention_heads", 4},
                        {"num_key_value_heads", 2},
                        {"max_position_embeddings", context},
                        {"initializer_range", 0.4},
                        {"tie_word_embeddings", false}},
                       seed);
}

/// The same with other rotary frequencies in texts longer than `original`.
inline std::unique_ptr<model::Model> tiny_longrope_model(int64_t original, int64_t context = 128) {
  return tiny_model_of({{"model_type", "llama"},
                        {"vocab_size", 264},
                        {"hidden_size", 32},
                        {"intermediate_size", 64},
                        {"num_hidden_layers", 2},
                        {"num_attention_heads", 4},
                        {"num_key_value_heads", 2},
                        {"max_position_embeddings", context},
                        {"rope_scaling",
                         {{"rope_type", "longrope"},
                          {"short_factor", {1.0, 1.5, 2.0, 2.5}},
                          {"long_factor", {3.0, 5.0, 7.0, 9.0}},
                          {"original_max_position_embeddings", original}}},
                        {"initializer_range", 0.4},
                        {"tie_word_embeddings", false}},
                       7);
}

/// The same with a window of so many positions in every layer.
inline std::unique_ptr<model::Model> tiny_window_model(int64_t window, int64_t context = 4096) {
  return tiny_model_of({{"model_type", "mistral"},
                        {"vocab_size", 264},
                        {"hidden_size", 32},
                        {"intermediate_size", 64},
                        {"num_hidden_layers", 2},
                        {"num_attention_heads", 4},
                        {"num_key_value_heads", 2},
                        {"max_position_embeddings", context},
                        {"sliding_window", window},
                        {"initializer_range", 0.4},
                        {"tie_word_embeddings", false}},
                       7);
}

/// A recurrent model of two layers.
inline std::unique_ptr<model::Model> tiny_recurrent_model() {
  return tiny_model_of({{"model_type", "mamba2"},
                        {"vocab_size", 264},
                        {"hidden_size", 32},
                        {"num_hidden_layers", 2},
                        {"expand", 2},
                        {"num_heads", 4},
                        {"head_dim", 16},
                        {"state_size", 8},
                        {"n_groups", 2},
                        {"initializer_range", 0.4}},
                       7);
}

/// An encoder-decoder of two layers on each side; an answer begins with token 0.
inline std::unique_ptr<model::Model> tiny_encoder_decoder() {
  return tiny_model_of({{"model_type", "t5"},
                        {"vocab_size", 264},
                        {"d_model", 32},
                        {"d_ff", 64},
                        {"d_kv", 8},
                        {"num_layers", 2},
                        {"num_heads", 4},
                        {"tie_word_embeddings", false},
                        {"decoder_start_token_id", 0}},
                       7);
}

/// An encoder of two layers, for masked words or for three labels.
inline std::unique_ptr<model::Model> tiny_encoder(model::Task task = model::Task::kMaskedLm) {
  Json config = {{"model_type", "bert"},     {"vocab_size", 264},
                 {"hidden_size", 32},        {"num_hidden_layers", 2},
                 {"num_attention_heads", 4}, {"intermediate_size", 64},
                 {"initializer_range", 0.4}, {"max_position_embeddings", 128}};
  if (task == model::Task::kClassification) config["id2label"] = {{"0", "bad"}, {"1", "fair"}, {"2", "good"}};
  return tiny_model_of(config, 7, {.task = task});
}

/// A decoder of two layers that gives a text one number.
inline std::unique_ptr<model::Model> tiny_scorer(int32_t pad_token_id) {
  return tiny_model_of({{"model_type", "llama"},
                        {"vocab_size", 264},
                        {"hidden_size", 32},
                        {"intermediate_size", 64},
                        {"num_hidden_layers", 2},
                        {"num_attention_heads", 4},
                        {"initializer_range", 0.4},
                        {"pad_token_id", pad_token_id}},
                       7, {.task = model::Task::kRegression});
}

/// tokenizer.json of byte-level BPE without merges: token i is byte i, written as GPT-2 spells bytes.
inline std::string tiny_tokenizer_json() {
  Json vocab = Json::object();
  char32_t next = 256;
  for (int32_t byte = 0; byte < 256; ++byte) {
    bool shown = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    std::string piece;
    append_utf8(piece, shown ? static_cast<char32_t>(byte) : next++);
    vocab[piece] = byte;
  }
  Json byte_level = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  Json end = {{"id", kTinyEnd},  {"content", "<|endoftext|>"}, {"single_word", false}, {"lstrip", false},
              {"rstrip", false}, {"normalized", false},        {"special", true}};
  Json json = {{"version", "1.0"},
               {"truncation", nullptr},
               {"padding", nullptr},
               {"added_tokens", Json::array({end})},
               {"normalizer", nullptr},
               {"pre_tokenizer", byte_level},
               {"post_processor", nullptr},
               {"decoder", byte_level},
               {"model",
                {{"type", "BPE"},
                 {"dropout", nullptr},
                 {"unk_token", nullptr},
                 {"continuing_subword_prefix", nullptr},
                 {"end_of_word_suffix", nullptr},
                 {"fuse_unk", false},
                 {"byte_fallback", false},
                 {"vocab", vocab},
                 {"merges", Json::array()}}}};
  return dump_json(json);
}

}  // namespace malmoi::infer
