// Guesses ahead of answers (infer/drafter.h), as a command line asks for them.
#pragma once

#include <memory>
#include <string>

#include "app/use/generate.h"
#include "infer/drafter.h"

namespace malmoi::app {

struct DraftOptions {
  std::string model;           // a smaller model with the same tokenizer: a folder, or a name in the store; empty: none
  bool prompt_lookup = false;  // instead of one: from what the text itself said before
};

/// Null where nothing is asked for. What it needs lives as long as it does. Errors: both kinds at once, a model that cannot
/// be opened, another tokenizer than that of `loaded`.
Result<std::shared_ptr<infer::Drafter>> open_drafter(const DraftOptions& options, const LoadedModel& loaded,
                                                     DType dtype, const Job& job);

}  // namespace malmoi::app
