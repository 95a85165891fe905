// Adapters in place of models: what a training run with `adapter:` leaves, which says itself what model it stands around.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "model/model.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::app {

/// The folder of the adapter: a folder of PEFT's itself, or of a run its best one, else its last. None: the folder holds none, or
/// holds a model.
std::optional<Path> adapter_in(const Path& folder);
/// The same of what was given as an adapter, which stays as it is where it is no such folder (a GGUF file, or what an error will name).
Path adapter_at(const Path& given);

/// The model that an adapter's folder names (base_model_name_or_path), as something that find_model takes: a path, from the adapter's
/// folder on where it is relative and stands there. Errors: a config that cannot be read; none is named, or it is nowhere.
Result<std::string> base_of_adapter(const Path& adapter);

/// The folder of an adapter that brings the tokenizer that it was trained with (model/adapter_vocabulary.h): it has the words of its
/// model whole. None: the model's own is used.
std::optional<Path> tokenizer_of_adapter(const Path& adapter, const model::Model& model);
/// Error: such a tokenizer has more entries than the adapted model has rows.
Status check_adapter_tokenizer(const tokenizer::Tokenizer& tokenizer, const model::Model& model, const Path& adapter);

}  // namespace malmoi::app
