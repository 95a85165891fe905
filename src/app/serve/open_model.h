// A model with all that answers for it, opened to be served.
#pragma once

#include <memory>

#include "app/serve/models.h"
#include "chat/provider.h"

namespace malmoi::app {

/// What is known of a model before it is loaded: its name, age and sampling; with `with_config` also what its config says.
chat::ModelInfo described(const ServedModel& model, const Path& folder, bool with_config);

/// How a model is brought into memory. Classifiers are small, and what explains their labels is computed in f32 where nobody chose
/// a type.
LoadChoice load_choice(const ServedModel& model, const Path& folder, const ServeOptions& options);

/// How its answers are guessed ahead. A draft model is of the first model alone, whose tokenizer it has.
DraftOptions draft_choice(const ServedModel& model, const ServeOptions& options);

/// Owns the weights, too. `state_bytes`: for what answers have read; 0: half of what is free once the weights are there, which is
/// kept there for the next version.
Result<std::shared_ptr<chat::Provider>> open_model(const ServedModel& model, const ServeOptions& options,
                                                   size_t& state_bytes, const Job& job);

}  // namespace malmoi::app
