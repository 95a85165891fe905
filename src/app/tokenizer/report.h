// `malmoi tokenizer inspect` and `compare`: how tokenizers cut a text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::app {

/// A token of a text: the characters that it came from, as code points [begin, end).
struct InspectedToken {
  int32_t id = 0;
  std::string piece;  // as the vocabulary spells it
  std::string text;   // the characters
  uint32_t begin = 0, end = 0;
};
Json to_json(const std::vector<InspectedToken>& tokens);

std::vector<InspectedToken> inspect_text(const tokenizer::Tokenizer& tokenizer, std::string_view text,
                                         tokenizer::EncodeOptions options);
/// The same for a terminal: the text with a colour a token, then a line a token. `colour` off: no escape sequences.
std::string inspect_for_terminal(const tokenizer::Tokenizer& tokenizer, std::string_view text,
                                 tokenizer::EncodeOptions options, bool colour);

/// How many tokens stand for how much text.
struct Fertility {
  uint64_t words = 0, characters = 0, tokens = 0;
  double tokens_per_word() const;
  double tokens_per_character() const;
};

/// One tokenizer over a text.
struct TokenizerComparison {
  std::string tokenizer;
  int32_t vocab_size = 0;
  uint64_t bytes = 0;
  Fertility all;
  uint64_t unknown = 0;  // tokens
  double seconds = 0;
  std::vector<std::pair<std::string, Fertility>> scripts;  // words of mostly that script, of those that stand there

  double bytes_per_token() const;
  double mb_per_second() const;  // 10^6 bytes
};
Json to_json(const TokenizerComparison& comparison);

/// Documents of `text` are apart by empty lines.
TokenizerComparison compare_one(const tokenizer::Tokenizer& tokenizer, const std::string& name, std::string_view text);

}  // namespace malmoi::app
