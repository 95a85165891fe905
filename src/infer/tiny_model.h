// A tiny random llama and a tokenizer of bytes, for the tests of this folder and of those above it.
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

/// Two layers, 32 wide, random weights large enough that its choices differ from step to step.
inline std::unique_ptr<model::Model> tiny_model(int64_t context = 128, uint64_t seed = 7) {
  set_num_threads(1);  // a team costs more than it helps here
  ConfigDocument document;
  document.root = {{"model_type", "llama"},    {"vocab_size", 264},
                   {"hidden_size", 32},        {"intermediate_size", 64},
                   {"num_hidden_layers", 2},   {"num_attention_heads", 4},
                   {"num_key_value_heads", 2}, {"max_position_embeddings", context},
                   {"initializer_range", 0.4}, {"tie_word_embeddings", false}};
  auto model = model::make_model(document, document.root);
  if (!model.ok()) return nullptr;
  (*model)->allocate(model::Purpose::kTraining, DType::kF32);
  (*model)->initialize(seed);
  (*model)->refresh_compute();
  return *std::move(model);
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
