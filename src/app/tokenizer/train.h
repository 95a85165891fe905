// `malmoi tokenizer train`, `import`, `export` and `add`: files in, a tokenizer's folder or file out.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/tokenizer/report.h"
#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "base/json.h"
#include "tokenizer/train.h"

namespace malmoi::app {

struct TokenizerTraining {
  std::vector<Path>
      inputs;  // built corpora (their training part), files of any format that `data build` reads, folders
  Path out;
  bool lines = false;  // every line of plain text is a text of its own
  std::vector<std::string>
      columns;  // the inputs are tables (data/table.h), and these columns hold the texts; empty: documents
  tokenizer::TrainOptions options;
};

/// What training saw and made.
struct TokenizerTrained {
  tokenizer::TrainReport counts;
  uint64_t skipped = 0;  // inputs that could not be read
  int32_t vocab_size = 0;
  TokenizerComparison fertility;  // of the vocabulary on the first megabytes of the texts
};
Json to_json(const TokenizerTrained& trained);

/// Trains and writes the folder: tokenizer.json, tokenizer_config.json, and training.json, which is this report.
Result<TokenizerTrained> train_tokenizer(const TokenizerTraining& training, const Job& job);

/// A tokenizer that was written in another form.
struct TokenizerWritten {
  std::string from, out;
  std::string origin;  // of an imported one: what wrote it
  std::string format;  // of an exported one
  int32_t vocab_size = 0;
  std::string note;  // what the new form cannot say; empty: nothing
};
Json to_json(const TokenizerWritten& written);

/// Opens any tokenizer and writes it as a folder with tokenizer.json. One of SentencePiece that this format cannot hold exactly
/// is an error, unless the `nearest` is asked for.
Result<TokenizerWritten> import_tokenizer(const Path& from, tokenizer::Compat compat, const Path& out,
                                          bool nearest = false);

/// Writes a tokenizer as `format`: json (a folder), tiktoken (a folder), sentencepiece (a .model file).
Result<TokenizerWritten> export_tokenizer(const Path& from, tokenizer::Compat compat, const std::string& format,
                                          const Path& out);

struct TokensAdded {
  std::string from, out;
  int32_t vocab_size_before = 0, vocab_size = 0;
  std::vector<std::pair<std::string, int32_t>> added;  // tokens with their ids, as they were given
};
Json to_json(const TokensAdded& added);

/// Writes the folder of a tokenizer with more tokens, special ones first.
Result<TokensAdded> add_to_tokenizer(const Path& from, tokenizer::Compat compat,
                                     const std::vector<std::string>& specials, const std::vector<std::string>& tokens,
                                     const Path& out);

}  // namespace malmoi::app
