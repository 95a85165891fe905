// `malmoi tokenizer train`, `import`, `export` and `add`: files in, a tokenizer's folder or file out.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "tokenizer/train.h"

namespace malmoi::app {

struct TokenizerTraining {
  std::vector<Path> inputs;  // built corpora (their training part), folders and files of .txt and .jsonl, plain or .zst
  Path out;
  bool lines = false;  // every line of a .txt is a text of its own
  tokenizer::TrainOptions options;
};

/// Trains, writes the folder (tokenizer.json, tokenizer_config.json, training.json: this report) and returns the report:
/// texts, bytes, words, pieces, what did not fit memory, and the fertility of the vocabulary on the first megabytes of
/// the texts, by script.
Result<Json> train_tokenizer(const TokenizerTraining& training, const tokenizer::TrainProgress& progress);

/// Opens any tokenizer and writes it as a folder with tokenizer.json. The report names what that format cannot say.
Result<Json> import_tokenizer(const Path& from, tokenizer::Compat compat, const Path& out);

/// Writes a tokenizer as `format`: json (a folder), tiktoken (a folder), sentencepiece (a .model file).
Result<Json> export_tokenizer(const Path& from, tokenizer::Compat compat, const std::string& format, const Path& out);

/// Writes the folder of a tokenizer with more tokens, special ones first; `added`: their ids.
Result<Json> add_to_tokenizer(const Path& from, tokenizer::Compat compat, const std::vector<std::string>& specials,
                              const std::vector<std::string>& tokens, const Path& out);

/// A line of progress: what is done, and how much of it where that is known (`fraction` above 0).
std::string training_progress(double fraction, const std::string& stage);

}  // namespace malmoi::app
