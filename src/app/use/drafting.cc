#include "app/use/drafting.h"

#include <algorithm>

#include "infer/state_budget.h"

namespace malmoi::app {
namespace {

// Ids are handed over as they are: each must stand for the same text.
Status check_same_tokens(const tokenizer::Tokenizer& draft, const tokenizer::Tokenizer& target,
                         const std::string& name) {
  const int32_t both = std::min(draft.vocab_size(), target.vocab_size());
  for (int32_t id = 0; id < both; ++id) {
    if (draft.piece(id) == target.piece(id)) continue;
    return usage_error("token " + std::to_string(id) + " is '" + draft.piece(id) + "' in the draft model and '" +
                           target.piece(id) + "' in the model",
                       name, "use a smaller model with the same tokenizer");
  }
  return {};
}

struct Drafting {
  LoadedModel loaded;
  std::unique_ptr<infer::Drafter> drafter;  // goes before its model
};

}  // namespace

size_t default_draft_bytes() { return infer::default_state_bytes() / kDraftShare; }

Result<std::shared_ptr<infer::Drafter>> open_drafter(const DraftOptions& options, const LoadedModel& loaded,
                                                     DType dtype, size_t state_bytes, const Job& job) {
  if (options.model.empty()) {
    if (!options.prompt_lookup) return std::shared_ptr<infer::Drafter>();
    return std::shared_ptr<infer::Drafter>(infer::make_prompt_lookup());
  }
  if (options.prompt_lookup)
    return usage_error("there are two ways to guess", "--draft-model", "leave it or --prompt-lookup out");
  auto drafting = std::make_shared<Drafting>();
  MALMOI_ASSIGN(drafting->loaded, load_for_generation(options.model, {dtype}, job));
  MALMOI_TRY(check_same_tokens(*drafting->loaded.tokenizer, *loaded.tokenizer, options.model));
  MALMOI_ASSIGN(drafting->drafter,
                infer::make_draft_model(*drafting->loaded.model, loaded.model->outputs(), state_bytes));
  return std::shared_ptr<infer::Drafter>(drafting, drafting->drafter.get());
}

}  // namespace malmoi::app
