// What tests of conversations share: a tokenizer of ASCII characters with the marks of ChatML, and rows of messages.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.h"
#include "chat/chat_template.h"
#include "chat/published_template.h"
#include "data/chats/chat_row.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::train {

inline constexpr int32_t kBeginId = 0, kEndId = 1, kTurnId = 2, kTurnEndId = 3, kColonSpaceId = 100;
/// The id of a character.
inline int32_t char_id(char c) { return c == '\n' ? 4 : c - ' ' + 5; }

/// <s> stands before a text; ": " is one token.
inline std::string chat_tokenizer_json() {
  Json vocab = Json::object(), added = Json::array();
  for (const char* mark : {"<s>", "</s>", "<|im_start|>", "<|im_end|>"}) {
    added.push_back({{"id", vocab.size()},
                     {"content", mark},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
    vocab[mark] = vocab.size();
  }
  vocab["\n"] = 4;
  for (char c = ' '; c < 127; ++c) vocab[std::string(1, c)] = char_id(c);
  vocab[": "] = kColonSpaceId;
  const Json begin = {{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}};
  const Json text = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}},
             second = {{"Sequence", {{"id", "B"}, {"type_id", 0}}}};
  const Json special = {{"<s>", {{"id", "<s>"}, {"ids", Json::array({0})}, {"tokens", Json::array({"<s>"})}}}};
  const Json whole = {{"version", "1.0"},
                      {"truncation", nullptr},
                      {"padding", nullptr},
                      {"added_tokens", added},
                      {"normalizer", nullptr},
                      {"pre_tokenizer", nullptr},
                      {"post_processor",
                       {{"type", "TemplateProcessing"},
                        {"single", Json::array({begin, text})},
                        {"pair", Json::array({begin, text, second})},
                        {"special_tokens", special}}},
                      {"decoder", {{"type", "Fuse"}}},
                      {"model",
                       {{"type", "BPE"},
                        {"dropout", nullptr},
                        {"unk_token", nullptr},
                        {"continuing_subword_prefix", nullptr},
                        {"end_of_word_suffix", nullptr},
                        {"fuse_unk", false},
                        {"byte_fallback", false},
                        {"vocab", vocab},
                        {"merges", Json::array({Json::array({":", " "})})}}}};
  return dump_json(whole);
}

inline tokenizer::Tokenizer chat_tokenizer() {
  auto made = tokenizer::Tokenizer::from_json(chat_tokenizer_json());
  EXPECT_TRUE(made.ok()) << made.error().to_string();
  return std::move(*made);
}

/// `begin`: what the template writes before the first turn.
inline std::string chatml_source(const std::string& begin = {}) {
  return begin +
         "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}"
         "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
}

inline chat::ChatTemplate chatml_template(const std::string& begin = {}) {
  auto published = chat::PublishedTemplate::of_text(chatml_source(begin), "t");
  EXPECT_TRUE(published.ok());
  return chat::ChatTemplate::of_model(*std::move(published), {"<s>", "</s>", "<|im_start|>", "<|im_end|>"});
}

/// Messages of user and assistant in turns.
inline data::ChatRow turns_row(const std::vector<std::string>& words) {
  data::ChatRow row{.where = "row"};
  for (size_t i = 0; i < words.size(); ++i) row.messages.push_back({i % 2 ? "assistant" : "user", words[i]});
  row.learned.resize(words.size());
  return row;
}

}  // namespace malmoi::train
