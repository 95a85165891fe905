// Heads that an adapter brings to a model whose own is another one: they are trained whole with it, and stand in its file.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "model/model.h"

namespace malmoi::model {

/// Whether the plan has all of the model's head whole.
bool has_whole_head(const AdapterPlan& plan, const Model& model);

/// How a model is opened for an adapter: as it is, where there is no task.
struct BroughtHead {
  std::optional<Task> task;
  std::vector<std::string> labels;
};
/// The head for texts that an adapter has whole, where the model of a folder or file has none (PEFT: AutoModelForSequenceClassification).
/// One output is a number, more are labels, by the names that the adapter has for them (note_labels), else LABEL_0 and so on. Errors: as
/// load_config and open_adapter.
Result<BroughtHead> brought_head(const Path& model, std::span<const Path> adapters);

/// Writes the names of several labels to an adapter's config, where PEFT has no place for them.
void note_labels(const std::vector<std::string>& labels, Json& config);

}  // namespace malmoi::model
