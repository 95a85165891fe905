// The table of families: a published `model_type` and how to make its model.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "model/model.h"

namespace malmoi::model {

/// A line of the table.
struct ArchitectureEntry {
  std::string_view name;        // as `model_type` and in training configurations
  std::string_view class_name;  // as `architectures` of a published config
  /// Reads the config (every key it knows; the caller finishes the reader) and makes a model without memory.
  Result<std::unique_ptr<Model>> (*make)(ConfigReader& config);
};

std::span<const ArchitectureEntry> architecture_table();

/// Makes the model of a published config (`model_type`) or of a training configuration's `model:` (`architecture`).
/// Keys that change no number are passed over; any other unknown key is an error that names it.
Result<std::unique_ptr<Model>> make_model(const ConfigDocument& document, const Json& object, std::string path = "");

}  // namespace malmoi::model
