// The files of other libraries that open as tokenizers; the table is in importers.cc.
#pragma once

#include "formats/gguf.h"
#include "tokenizer/parts.h"

namespace malmoi::tokenizer {

/// tiktoken's ranks (`base64 rank` a line); `pattern.json` beside it has the split pattern and the special tokens.
Result<Tokenizer> load_tiktoken(const Path& file, Compat compat);
/// The same from texts; `where` and `pattern_where` name them in errors.
Result<Tokenizer> tiktoken_tokenizer(std::string_view ranks, std::string_view pattern_json, std::string_view where,
                                     std::string_view pattern_where);
/// Mistral's tekken.json: pattern and ranks; ids are ranks shifted by the number of special tokens.
Result<Tokenizer> load_tekken(const Path& file, Compat compat);
Result<Tokenizer> tekken_tokenizer(std::string_view json, std::string_view where);
/// BERT's vocab.txt, a piece a line; `do_lower_case` of tokenizer_config.json beside it (true where there is none).
Result<Tokenizer> load_vocab_txt(const Path& file, Compat compat);
Result<Tokenizer> vocab_txt_tokenizer(std::string_view vocab, bool lowercase, std::string_view where);
/// The tokenizer inside a GGUF file.
Result<Tokenizer> load_gguf_tokenizer(const Path& file, Compat compat);
Result<Tokenizer> gguf_tokenizer(const formats::Gguf& gguf, Compat compat);

}  // namespace malmoi::tokenizer
