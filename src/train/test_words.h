// A tokenizer of a few words and their endings, with [CLS] text [SEP] text [SEP], for tests of objectives on texts.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tokenizer/tokenizer.h"

namespace malmoi::train {

/// `end`: a token that ends a text, behind the letters; empty: none. Ids: 0 [PAD], 1 [UNK], 2 [CLS], 3 [SEP], 4 [MASK], 5 good, 6 bad, 7 film, 8 play, 9 ##ing, 10 ##er, 11 ##s, then letters.
inline std::string words_tokenizer_json(const std::string& end = {}) {
  std::string vocab;
  int id = 0;
  auto add = [&](const std::string& piece) {
    vocab += (id ? ", \"" : "\"") + piece + "\": " + std::to_string(id);
    ++id;
  };
  for (const char* piece :
       {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film", "play", "##ing", "##er", "##s"})
    add(piece);
  for (char c = 'a'; c <= 'z'; ++c) add(std::string(1, c));
  for (char c = 'a'; c <= 'z'; ++c) {
    if (c != 's') add("##" + std::string(1, c));
  }
  if (!end.empty()) add(end);
  std::string special;
  for (int i = 0; i < 5; ++i) {
    const char* names[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    special += std::string(i ? ", " : "") + R"({"id": )" + std::to_string(i) + R"(, "content": ")" + names[i] +
               R"(", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true})";
  }
  if (!end.empty())
    special += R"(, {"id": )" + std::to_string(id - 1) + R"(, "content": ")" + end +
               R"(", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true})";
  return R"({"version": "1.0", "added_tokens": [)" + special +
         R"(], "normalizer": null, "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                      "max_input_chars_per_word": 100, "vocab": {)" +
         vocab + "}}}";
}

inline tokenizer::Tokenizer words_tokenizer(const std::string& end = {}) {
  auto made = tokenizer::Tokenizer::from_json(words_tokenizer_json(end));
  EXPECT_TRUE(made.ok()) << made.error().to_string();
  return std::move(*made);
}

}  // namespace malmoi::train
