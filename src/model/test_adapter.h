// Adapters written for tests, as PEFT saves them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/rng.h"
#include "base/test_folder.h"
#include "formats/safetensors.h"

namespace malmoi::model {

/// The config of a plain adapter, changed by the fields of `changes`.
inline Json adapter_json(const Json& changes = Json::object()) {
  Json config = {{"peft_type", "LORA"}, {"r", 2}, {"lora_alpha", 6}, {"target_modules", nullptr}};
  config.update(changes);
  return config;
}

using AdapterTensors = std::map<std::string, std::vector<int64_t>>;

/// Matrices of low rank of modules [out, in].
inline AdapterTensors low_rank_tensors(const std::map<std::string, std::pair<int64_t, int64_t>>& modules,
                                       int64_t rank = 2) {
  AdapterTensors tensors;
  for (const auto& [name, size] : modules) {
    tensors["base_model.model." + name + ".lora_A.weight"] = {rank, size.second};
    tensors["base_model.model." + name + ".lora_B.weight"] = {size.first, rank};
  }
  return tensors;
}

/// A folder with an adapter of random values.
inline Path write_adapter(const std::string& name, const Json& config, const AdapterTensors& tensors,
                          uint64_t seed = 1) {
  const Path folder = test_folder("adapter_" + name);
  EXPECT_TRUE(write_file(folder / "adapter_config.json", dump_json(config)).ok());
  std::vector<formats::TensorSpec> specs;
  for (const auto& [tensor, shape] : tensors) specs.push_back({tensor, formats::ElementType::kF32, shape});
  auto written = formats::write_safetensors(
      folder / "adapter_model.safetensors", specs, [&](size_t i, const formats::TensorSink& sink) {
        Rng rng(seed, i);
        std::vector<float> values(static_cast<size_t>(*formats::element_count(specs[i].shape)));
        for (float& value : values) value = static_cast<float>(0.3 * rng.normal());
        return sink(std::as_bytes(std::span<const float>(values)));
      });
  EXPECT_TRUE(written.ok()) << written.error().to_string();
  return folder;
}

}  // namespace malmoi::model
