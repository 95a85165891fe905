#include "model/adapter_head.h"

#include <algorithm>

#include "base/json_read.h"
#include "model/adapter.h"
#include "model/load.h"

namespace malmoi::model {
namespace {

constexpr const char* kLabels = "id2label";

// The published names of the head's own tensors.
std::vector<std::string> tensors_of_head(const Model& model) {
  std::vector<std::string> names;
  const auto& entries = model.parameters.entries();
  for (size_t i = model.head_begin; i < entries.size(); ++i) names.push_back(entries[i]->spec.sources[0].name);
  return names;
}

std::vector<std::string> noted_labels(const Json& config, int64_t count) {
  std::vector<std::string> labels;
  const Json& names = json_object(config, kLabels);
  for (int64_t i = 0; i < count; ++i) {
    const std::string key = std::to_string(i);
    const bool is_named = names.contains(key) && names[key].is_string();
    labels.push_back(is_named ? names[key].get<std::string>() : "LABEL_" + key);
  }
  return labels;
}

// The rows of what stands in the place of the head's matrix; 0: the adapter does not have all of it.
int64_t rows_of_head(const AdapterFile& file, const Model& model) {
  int64_t rows = 0;
  for (const std::string& name : tensors_of_head(model)) {
    const auto found = file.whole.find(name);
    if (found == file.whole.end() || found->second->shape.empty()) return 0;
    if (name == model.head->weight->parameter().name) rows = found->second->shape[0];
  }
  return rows;
}

}  // namespace

bool has_whole_head(const AdapterPlan& plan, const Model& model) {
  const std::vector<std::string> names = tensors_of_head(model);
  return !names.empty() && std::ranges::all_of(names, [&](const std::string& name) {
    return std::ranges::find(plan.whole, name, &WholeModule::tensor) != plan.whole.end();
  });
}

Result<BroughtHead> brought_head(const Path& model, std::span<const Path> adapters) {
  BroughtHead brought;
  if (adapters.size() != 1) return brought;
  MALMOI_ASSIGN(const auto as_it_is, load_config(model));
  const Family& family = *find_family(as_it_is->model_type());
  if (head_task(as_it_is->task()) == Task::kClassification || !has_head(family, Task::kClassification)) return brought;
  MALMOI_ASSIGN(const AdapterFile file, open_adapter(adapters[0]));
  if (file.whole.empty()) return brought;
  MALMOI_ASSIGN(const auto with_head, load_config(model, Task::kRegression));
  const int64_t rows = rows_of_head(file, *with_head);
  if (rows == 1) brought.task = Task::kRegression;
  if (rows > 1) brought = {Task::kClassification, noted_labels(file.object, rows)};
  return brought;
}

void note_labels(const std::vector<std::string>& labels, Json& config) {
  if (labels.size() < 2) return;
  for (size_t i = 0; i < labels.size(); ++i) config[kLabels][std::to_string(i)] = labels[i];
}

}  // namespace malmoi::model
