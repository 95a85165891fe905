// A model's folder with other values, for tests of what they do.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "formats/safetensors.h"
#include "formats/tensor_source.h"
#include "model/stored_values.h"

namespace malmoi::model {

/// An element of a tensor of these names, at a row and a column.
using ChangeWeight = std::function<float(const std::string& name, size_t row, size_t column, float value)>;

/// Writes the config and the f32 weights of `from` to `to`, each element as `change` has it.
inline void write_changed(const Path& from, const Path& to, const ChangeWeight& change) {
  std::filesystem::copy_file(from / "config.json", to / "config.json");
  auto weights = formats::open_weights(from);
  ASSERT_TRUE(weights.ok()) << weights.error().to_string();
  std::vector<formats::TensorSpec> specs;
  for (const auto& tensor : (*weights)->tensors()) specs.push_back({tensor.name, tensor.type, tensor.shape});
  const auto written = formats::write_safetensors_folder(to, specs, [&](size_t i, const formats::TensorSink& sink) {
    std::vector<float> values = *stored_values((*weights)->tensors()[i], "");
    const auto columns = static_cast<size_t>(specs[i].shape.back());
    for (size_t e = 0; e < values.size(); ++e) values[e] = change(specs[i].name, e / columns, e % columns, values[e]);
    return sink(std::as_bytes(std::span(values)));
  });
  ASSERT_TRUE(written.ok()) << written.error().to_string();
}

}  // namespace malmoi::model
