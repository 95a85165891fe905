// Layers of two kinds in GGUF files: a list of switches, where a config has the kinds' names as `layer_types`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "formats/gguf.h"

namespace malmoi::model {

/// Names the first `layers` by the list under `key`: `on` where it says so, else full_attention. False: the file has no such list.
inline bool derive_layer_types(Json& config, const formats::Gguf& file, const std::string& key, const char* on,
                               int64_t layers = INT64_MAX) {
  const formats::GgufValue* list = file.find(key);
  const auto switches = list ? list->integers() : std::nullopt;
  if (!switches) return false;
  Json types = Json::array();
  for (size_t i = 0; i < switches->size() && static_cast<int64_t>(i) < layers; ++i)
    types.push_back((*switches)[i] ? on : "full_attention");
  config["layer_types"] = std::move(types);
  return true;
}

/// The way back.
inline std::vector<bool> layer_switches(const Json& config, const char* on) {
  std::vector<bool> switches;
  for (const Json& type : config["layer_types"]) switches.push_back(type == on);
  return switches;
}

}  // namespace malmoi::model
