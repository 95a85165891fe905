// WordPiece (longest piece first) and WordLevel (whole words).
#pragma once

#include <memory>
#include <string>

#include "tokenizer/models/model.h"

namespace malmoi::tokenizer {

struct WordPieceOptions {
  Vocabulary vocabulary;
  std::string unk_token = "[UNK]";
  std::string continuing_subword_prefix = "##";
  size_t max_input_chars_per_word = 100;

  static void fields(auto& self, auto& in) {
    in.field("unk_token", self.unk_token);
    in.field("continuing_subword_prefix", self.continuing_subword_prefix);
    in.field("max_input_chars_per_word", self.max_input_chars_per_word);
    in.required("vocab", self.vocabulary);
  }
};
Result<std::unique_ptr<Model>> make_wordpiece(WordPieceOptions options, std::string_view where);

struct WordLevelOptions {
  Vocabulary vocabulary;
  std::string unk_token = "<unk>";  // not in the vocabulary: unknown words are dropped

  static void fields(auto& self, auto& in) {
    in.required("vocab", self.vocabulary);
    in.field("unk_token", self.unk_token);
  }
};
Result<std::unique_ptr<Model>> make_word_level(WordLevelOptions options, std::string_view where);

}  // namespace malmoi::tokenizer
