// How a model is brought into memory to be used.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "model/model.h"

namespace malmoi::app {

struct LoadChoice {
  DType dtype = DType::kBF16;       // of products
  std::vector<Path> adapters = {};  // put around the model (model/adapt.h)
  std::string packed = {};  // matrices are packed in blocks of this type (quantize/served_weights.h); empty: none
};

/// A folder or a GGUF file. Errors: one that does not fit into the memory that is free (app/use/model_memory.h); as model::load_model, quantize::pack_served_weights and model::adapt.
Result<std::unique_ptr<model::Model>> load_model(const Path& path, const LoadChoice& choice, const Warn& warn);

}  // namespace malmoi::app
