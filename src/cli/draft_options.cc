#include "cli/draft_options.h"

namespace malmoi::cli {

void add_draft_options(CLI::App& command, app::DraftOptions& draft) {
  command.add_option("--draft-model", draft.model,
                     "a smaller model with the same tokenizer that guesses ahead: the same answers, sooner");
  command.add_flag("--prompt-lookup", draft.prompt_lookup,
                   "guess ahead what the text said before: the same answers, sooner where they repeat it");
}

}  // namespace malmoi::cli
