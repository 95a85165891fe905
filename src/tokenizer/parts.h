// Everything inside a Tokenizer: the components that importers put together and exporters take apart.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tokenizer/added_tokens.h"
#include "tokenizer/models/model.h"
#include "tokenizer/pipeline/decoder.h"
#include "tokenizer/pipeline/fast_path.h"
#include "tokenizer/pipeline/normalizer.h"
#include "tokenizer/pipeline/post_processor.h"
#include "tokenizer/pipeline/pre_tokenizer.h"
#include "tokenizer/pipeline/truncation.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::tokenizer {

/// The path of a text: sections (splitter or added tokens) -> normalizer -> added tokens in the normalised text ->
/// pre_tokenizer -> model -> truncation -> post_processor -> padding. Null components do nothing. A library-specific
/// behaviour is a component of its own: a Normalizer, a Model, a SectionSplitter, an IdDecoder.
struct Tokenizer::Parts {
  std::unique_ptr<Normalizer> normalizer;
  std::unique_ptr<PreTokenizer> pre_tokenizer;
  std::unique_ptr<Model> model;  // never null
  std::unique_ptr<PostProcessor> post_processor;
  std::unique_ptr<Decoder> decoder;           // null: tokens joined by spaces
  std::unique_ptr<IdDecoder> id_decoder;      // decides instead of `decoder`
  std::unique_ptr<SectionSplitter> splitter;  // instead of the added tokens' own search in the raw text
  AddedTokens added;
  std::optional<Truncation> truncation;
  std::optional<Padding> padding;
  std::optional<int32_t> bos, eos, unk, pad;
  std::unique_ptr<FastPath>
      fast_path;            // a shorter way for whole texts, where the components allow one; set by Tokenizer
  std::string config_json;  // the text of tokenizer_config.json that lay beside the file (chat template ...), or empty
  std::string origin;  // the library whose rules these are: "huggingface", "sentencepiece", "tiktoken", "llama.cpp"
};

/// The text of a tokenizer.json; an error names the component that the format cannot hold.
Result<std::string> to_tokenizer_json(const Tokenizer::Parts& parts);

/// The importers, by what a file looks like. `tokenizer.json` and the table's entries are told apart by name and content.
Result<Tokenizer> import_tokenizer_json(std::string_view json, std::string where);

/// One line an entry in import/importers.cc: what opens files of other libraries. `matches` looks at the name (of a file,
/// or of a folder's content) only.
struct Importer {
  const char* format;
  bool (*matches)(const Path& file);
  Result<Tokenizer> (*load)(const Path& file, Compat compat);
};
std::span<const Importer> importers();

}  // namespace malmoi::tokenizer
