// Rows by token of models whose tokenizers differ: which row of each model is which token of the merged one.
//
// A token that a model has not takes the row of the base where that has it, else of the only model that has it, else the mean of
// those that have it; one that none has is a row of zeros. Rows beyond the last token (to pad) are the mean of all others.
#pragma once

#include <span>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "merge/method.h"
#include "model/folder_tensors.h"

namespace malmoi::merge {

struct Vocabulary {
  int64_t tokens = 0;                      // of the merged model
  int64_t rows = 0;                        // the same, padded
  std::vector<std::vector<int32_t>> from;  // of each folder, of each token: its row there, -1: it has none
};

/// `tokenizer`: the folder whose tokenizer the merged model has. Errors: a folder without a tokenizer.
Result<Vocabulary> join_vocabularies(std::span<const model::FolderTensors> folders, const Path& tokenizer,
                                     int64_t multiple);

/// Puts the rows of every input (of the folders `models`) in the order of the vocabulary.
void reorder_rows(Ingredients& ingredients, std::span<const size_t> models, const Vocabulary& vocabulary);

/// Warns where folders of one vocabulary size have different tokens, whose rows would be mixed all the same.
void warn_of_tokens(std::span<const model::FolderTensors> folders, const Warn& warn);

}  // namespace malmoi::merge
