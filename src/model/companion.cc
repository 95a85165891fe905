#include "model/companion.h"

#include <algorithm>
#include <string>
#include <utility>

#include "model/registry.h"

namespace malmoi::model {
namespace {

using Entry = nn::ParameterSet::Entry;

// The model's table that a companion's entry stands for; null where it is its own.
Entry* shared_table(const Model& model, const Entry& entry) {
  const bool is_table = entry.spec.role == nn::Role::kEmbedding || entry.spec.role == nn::Role::kPositions;
  if (!is_table || entry.slots.empty()) return nullptr;
  for (const auto& other : model.parameters.entries()) {
    if (other->spec.name == entry.spec.name && other->spec.shape == entry.spec.shape) return other.get();
  }
  return nullptr;
}

}  // namespace

Status add_companion(Model& model, double size) {
  const Family* family = find_family(model.model_type());
  if (!family || !family->companion)
    return unsupported("'" + model.model_type() + "' has no model to be trained beside it", "model.architecture",
                       "use electra, or train on rows made ready: data.format arrays");
  return attach_companion(model, family->companion(model.config(), size));
}

Status attach_companion(Model& model, const Json& config) {
  ConfigDocument document;
  document.root = config;
  MALMOI_ASSIGN(model.companion, make_model(document, config, {.task = Task::kMaskedLm, .training = true}));
  for (auto& entry : model.companion->parameters.entries()) {
    entry->parameter.name = std::string(kCompanionName) + "/" + entry->spec.name;
    Entry* table = shared_table(model, *entry);
    if (!table) continue;
    for (size_t i = 0; i < entry->slots.size(); ++i)
      entry->slots[i]->bind(std::make_unique<autograd::DenseWeight>(table->parameter, static_cast<int64_t>(i)));
    entry->parameter.trainable = false;  // as an array of its own: the model's is
  }
  return {};
}

void share_tables(Model& model) {
  for (auto& entry : model.companion->parameters.entries()) {
    if (const Entry* table = shared_table(model, *entry)) {
      entry->parameter.master = table->parameter.master;
      entry->parameter.compute = table->parameter.compute;
    }
  }
}

void fill_companion(Model& model, Purpose purpose, uint64_t seed) {
  nn::ParameterSet& parameters = model.companion->parameters;
  const bool rehearsal = purpose == Purpose::kRehearsal;
  share_tables(model);
  parameters.allocate(purpose, model.dtype());
  for (auto& entry : parameters.entries()) {
    const bool shared = shared_table(model, *entry) != nullptr;
    if (rehearsal && shared) entry->parameter.compute = Tensor::view(nullptr, model.dtype(), {0});  // no memory
    if (!rehearsal && !shared) parameters.initialize(*entry, seed);
  }
  if (!rehearsal) parameters.refresh_compute();
}

}  // namespace malmoi::model
