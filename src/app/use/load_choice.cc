#include "app/use/load_choice.h"

#include "app/use/adapter_run.h"
#include "app/use/model_memory.h"
#include "infer/state_budget.h"
#include "model/adapt.h"
#include "model/load.h"
#include "quantize/served_weights.h"

namespace malmoi::app {

Result<std::unique_ptr<model::Model>> load_model(const Path& path, const LoadChoice& choice, const Warn& warn) {
  MALMOI_TRY(check_fits(path, choice, infer::free_bytes()));
  MALMOI_ASSIGN(auto model, model::load_model(path, {.dtype = choice.dtype, .warn = warn}));
  if (!choice.packed.empty()) MALMOI_TRY(quantize::pack_served_weights(*model, choice.packed));
  std::vector<Path> adapters;
  for (const Path& given : choice.adapters) adapters.push_back(adapter_at(given));
  if (!adapters.empty()) MALMOI_TRY(model::adapt(*model, adapters, warn));
  return model;
}

}  // namespace malmoi::app
