// `malmoi data train-filter` as a function: the small models that three filters need, made from documents.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace malmoi::app {

struct TrainFilterOptions {
  std::string kind;  // quality, ngram or boilerplate
  std::vector<std::string>
      good;  // documents: corpora, files of any format, folders; of ngram and boilerplate the corpus itself
  std::vector<std::string> bad;  // of quality
  std::string out;               // the model, a .safetensors file
  int64_t min_documents = 10;    // of boilerplate
  int64_t order = 5;             // of ngram
  uint64_t memory_bytes = uint64_t{1} << 30;
  std::string scratch;
};

/// Trains and writes the model; returns what was read and, of quality, the accuracy on every tenth document, which is held
/// out. Errors: no documents, a class without examples, unreadable input.
Result<Json> train_filter(const TrainFilterOptions& options);

}  // namespace malmoi::app
