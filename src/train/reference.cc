#include "train/reference.h"

namespace malmoi::train {

Aside::Aside(autograd::Context& context, const FrozenModel& frozen)
    : tape_(context.tape, nullptr),
      balance_(context.balance, nullptr),
      training_(context.training, false),
      adapters_(context.row_adapters, frozen.adapter.empty() ? context.row_adapters : frozen.adapter) {}

size_t bytes_of(const FrozenModel& frozen) {
  size_t bytes = 0;
  if (!frozen.model) return bytes;
  for (const auto& entry : frozen.model->parameters.entries()) bytes += entry->bytes();
  return bytes;
}

std::vector<float> frozen_logps(autograd::Context& context, const FrozenModel& frozen, const model::Model& trained,
                                const Examples& examples) {
  const Aside aside(context, frozen);
  const model::Model& model = frozen.model ? *frozen.model : trained;
  ModelInput input(examples);
  return model.logps(context, model.features(context, input.batch()), {.targets = examples.targets});
}

}  // namespace malmoi::train
