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

/// Of the memory for states, what a draft model has: it is smaller, and reads the same texts.
inline constexpr size_t kDraftShare = 8;  // one part of so many

/// That part of what sequences may take where nobody said.
size_t default_draft_bytes();

/// Null where nothing is asked for. What it needs lives as long as it does. Errors: both kinds at once, a model that cannot
/// be opened, another tokenizer than that of `loaded`. `state_bytes`: for what the draft model has read.
Result<std::shared_ptr<infer::Drafter>> open_drafter(const DraftOptions& options, const LoadedModel& loaded,
                                                     DType dtype, size_t state_bytes, const Job& job);

}  // namespace malmoi::app
