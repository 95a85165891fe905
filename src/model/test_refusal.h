// What tests of configs share.
#pragma once

#include <string>

#include "model/registry.h"

namespace malmoi::model {

/// What is wrong with a published config, or "accepted".
inline std::string refusal(const std::string& json) {
  ConfigDocument document;
  document.file = "config.json";
  document.root = *parse_json(json, "config.json");
  auto model = make_model(document, document.root);
  return model.ok() ? "accepted" : model.error().to_string();
}

}  // namespace malmoi::model
