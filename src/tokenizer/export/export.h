// Tokenizers written in the formats of other libraries, where those can hold them; and tokens added to a tokenizer.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "formats/gguf.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::tokenizer {

/// A .tiktoken file and the pattern.json beside it.
struct TiktokenFiles {
  std::string ranks, pattern_json;
};

/// Errors say why the format cannot hold the tokenizer: another model than byte-level BPE, a normalizer, a pre-tokenizer
/// that is not one pattern, a piece that ranks would not make of its bytes (checked for every piece).
Result<TiktokenFiles> export_tiktoken(const Tokenizer& tokenizer);

/// The bytes of a SentencePiece .model. Errors say why not: byte-level or WordPiece models, normalisation that is no
/// character map, words cut otherwise than at white space, merges that scores cannot say.
Result<std::string> export_sentencepiece(const Tokenizer& tokenizer);

/// `tokenizer.ggml.model` of a file that has none.
inline constexpr std::string_view kNoVocabulary = "no_vocab";

/// Writes the `tokenizer.` keys of a GGUF file: the vocabulary, filled up to `vocab_size` entries, special ids, and the chat
/// template that lay beside it. Errors say why not: a model that llama.cpp has not, a way of cutting text that has no name
/// there, other tokens for one of some texts that are tried (of unigram every piece is, and characters that have none), a character
/// without a piece that becomes something else there: of unigram it is the unknown token, of BPE its bytes.
Status export_gguf(const Tokenizer& tokenizer, int64_t vocab_size, formats::GgufMetadata& metadata);

/// The same tokenizer, with the same settings beside it, with more tokens, whose ids follow its largest. `special` ones are dropped by decoding on request.
/// Errors: a token that is there already, empty or not UTF-8; a tokenizer that tokenizer.json cannot hold.
Result<Tokenizer> with_added_tokens(const Tokenizer& tokenizer, std::span<const std::string> tokens, bool special);

}  // namespace malmoi::tokenizer
