#include "model/named_tensors.h"

#include "model/adapted_place.h"
#include "model/layout.h"
#include "model/spellings.h"
#include "model/stored_values.h"

namespace malmoi::model {

using formats::StoredTensor;

NamedTensors::NamedTensors(const formats::WeightSource& source, Model& model)
    : source_(source), model_(model), family_(*find_family(model.model_type())), where_(source.path().string()) {}

const StoredTensor* NamedTensors::find(const std::string& name) const {
  for (const std::string& spelled : spellings(family_, name)) {
    if (const auto* found = source_.find(spelled)) return found;
  }
  return nullptr;
}

const nn::ParameterSet::Entry& NamedTensors::words() const {
  return entry_of(model_, model_.head->weight->parameter());
}

const StoredTensor* NamedTensors::find_source(const nn::ParameterSet::Entry& entry, const nn::Source& source) const {
  if (const auto* found = find(source.name)) return found;
  const bool tied = model_.head && !model_.tied_head.tensor.empty() && &entry == &words();
  return tied ? find(model_.tied_head.tensor) : nullptr;
}

Result<const StoredTensor*> NamedTensors::filling(const nn::ParameterSet::Entry& entry,
                                                  const nn::Source& source) const {
  const StoredTensor* tensor = find_source(entry, source);
  if (!tensor)
    return invalid_data("tensor '" + source.name + "' is missing", where_, "the folder is not whole; fetch it again");
  const std::vector<int64_t> wanted = stored_shape(entry.spec, source);
  if (tensor->shape == wanted) return tensor;
  return invalid_data("tensor '" + tensor->name + "' has shape " + formats::shape_text(tensor->shape) +
                          ", the config asks for " + formats::shape_text(wanted),
                      where_, "config.json and weights do not belong together");
}

std::optional<NamedTensors::UntiedHead> NamedTensors::settle_head() {
  if (!model_.head) return {};
  if (model_.tied_head.words && !find(model_.head->weight->parameter().name)) model_.tie_head();
  if (model_.tied_head.tensor.empty()) return {};
  UntiedHead untied{model_.tied_head.tensor, words().spec.sources[0].name, model_.tied_head.field};
  const StoredTensor *head = find(untied.tensor), *table = find(untied.table);
  if (!head || !table || same_values(*head, *table)) return {};
  model_.untie_head();
  return untied;
}

}  // namespace malmoi::model
