// The number of tokens that an adapter was trained for, where that is not its base's.
#pragma once

#include "base/error.h"
#include "base/file.h"
#include "model/adapter.h"
#include "model/model.h"

namespace malmoi::model {

/// Whether a tokenizer stands beside an adapter that has something whole; adapter_vocabulary() tells whether that is words.
bool brings_tokenizer(const AdapterFile& file);

/// The rows of the words that the file has whole, where it brings the tokenizer that they were trained with; rows are 0 where it does
/// not. Of a model as it was, or with that adapter around it. Errors: tables and head of different sizes; other sizes than the model's
/// without a tokenizer.
Result<Vocabulary> adapter_vocabulary(const AdapterFile& file, const Model& model);

}  // namespace malmoi::model
