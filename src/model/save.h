// Writing models as folders in Hugging Face layout.
#pragma once

#include "base/error.h"
#include "base/file.h"
#include "model/model.h"

namespace malmoi::model {

/// Writes config.json, generation_config.json (of models that generate) and model.safetensors (sharded when large), weights
/// in `dtype` under their published names. From the masters where there are any.
Status save_model(const Model& model, const Path& folder, DType dtype = DType::kF32);

/// Writes the adapter that is trained around a model as PEFT does: adapter_config.json and adapter_model.safetensors.
Status save_adapter(const TrainedAdapter& adapter, const Path& folder, DType dtype = DType::kF32);

}  // namespace malmoi::model
