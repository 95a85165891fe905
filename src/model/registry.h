// Making a model of a config: a published one, or the `model:` of a training configuration.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "model/family.h"

namespace malmoi::model {

struct MakeOptions {
  std::optional<Task> task = {};  // instead of what the config's `architectures` (or the family's first class) says
  std::vector<std::string> labels = {};  // of a new head that sorts: where the config's class has another task
  bool training = false;                 // fields of a training configuration: sizes must be said
  std::string path = {};                 // of the object in its document
};

/// Makes the model of a config (`model_type`, or `architecture` in training configurations), without memory. A field that
/// no one knows is an error that names it; so is a class that the family has not.
Result<std::unique_ptr<Model>> make_model(const ConfigDocument& document, const Json& object,
                                          const MakeOptions& options = {});

}  // namespace malmoi::model
