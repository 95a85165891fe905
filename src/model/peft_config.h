// adapter_config.json of a new adapter, as PEFT writes it.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "model/train_adapter.h"

namespace malmoi::model {

/// What the file names of the model.
struct PeftModules {
  Json targets;                    // target_modules
  std::vector<std::string> whole;  // modules_to_save; empty: none
  bool keeps_tied = false;         // ensure_weight_tying
  bool transposed = false;         // fan_in_fan_out
};

/// Every field of PEFT 0.21's file, in its order.
Json peft_config(const NewAdapter& options, const PeftModules& modules, Task task);

}  // namespace malmoi::model
