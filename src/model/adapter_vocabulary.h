// The number of tokens that an adapter was trained for, where that is not its base's.
#pragma once

#include "base/error.h"
#include "base/file.h"
#include "model/adapter.h"
#include "model/model.h"

namespace malmoi::model {

/// Whether an adapter brings the tokenizer that it was trained with: its tables are saved whole, and a tokenizer stands beside them.
bool brings_tokenizer(const AdapterFile& file);

/// The rows of the words that the file has whole, where it brings a tokenizer; rows are 0 where it does not. Errors: tables and head of
/// different sizes; other sizes than the model's without a tokenizer.
Result<Vocabulary> adapter_vocabulary(const AdapterFile& file, const Model& model);

}  // namespace malmoi::model
