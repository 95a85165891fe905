// Models to and from Hugging Face folders: config.json and safetensors.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "model/model.h"

namespace malmoi::model {

struct LoadOptions {
  Purpose purpose = Purpose::kServing;
  DType dtype = DType::kF32;  // of products
};

/// Opens a folder with config.json and model.safetensors (or an index of several). Errors name the file and the field or
/// tensor: an unknown or contradictory key, a tensor that is missing, left over, of another shape, or not finite.
Result<std::unique_ptr<Model>> load_model(const Path& folder, const LoadOptions& options);

/// The model of a folder's config.json, without weights.
Result<std::unique_ptr<Model>> load_config(const Path& folder_or_file);

/// Writes config.json, generation_config.json and model.safetensors (sharded when large), weights in `dtype` under their
/// published names. From the masters where there are any.
Status save_model(const Model& model, const Path& folder, DType dtype = DType::kF32);

/// The published tensors of one array of a parameter (its value, gradient or a moment), each as f32 in published shape.
struct PublishedTensor {
  std::string name;
  Shape shape;
  std::vector<float> values;
};
std::vector<PublishedTensor> publish(const ParameterSpec& spec, const Tensor& values);

}  // namespace malmoi::model
