// Tokenizers as commands name them.
#pragma once

#include "base/error.h"
#include "base/file.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::app {

/// A tokenizer by its file or folder, or by the name of a model in the store (app/store/store.h). Errors: as Tokenizer::load.
Result<tokenizer::Tokenizer> open_tokenizer(const Path& name, tokenizer::Compat compat = tokenizer::Compat::kDefault);

}  // namespace malmoi::app
