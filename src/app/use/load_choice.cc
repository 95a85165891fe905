#include "app/use/load_choice.h"

#include "app/use/adapter_run.h"
#include "app/use/model_memory.h"
#include "infer/state_budget.h"
#include "model/adapt.h"
#include "model/adapter_head.h"
#include "model/load.h"
#include "quantize/served_weights.h"

namespace malmoi::app {

Result<std::unique_ptr<model::Model>> load_model(const Path& path, const LoadChoice& choice, const Warn& warn) {
  MALMOI_TRY(check_fits(path, choice, infer::free_bytes()));
  std::vector<Path> adapters;
  for (const Path& given : choice.adapters) adapters.push_back(adapter_at(given));
  MALMOI_ASSIGN(model::BroughtHead head, model::brought_head(path, adapters));
  model::LoadOptions load{
      .dtype = choice.dtype, .task = head.task, .labels = std::move(head.labels), .new_head = head.task.has_value()};
  load.warn = warn;
  MALMOI_ASSIGN(auto model, model::load_model(path, load));
  if (!choice.packed.empty()) MALMOI_TRY(quantize::pack_served_weights(*model, choice.packed));
  if (!adapters.empty()) MALMOI_TRY(model::adapt(*model, adapters, warn));
  return model;
}

}  // namespace malmoi::app
