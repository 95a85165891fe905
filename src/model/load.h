// Opening models: config.json and weights from a folder in Hugging Face layout, or a GGUF file.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "model/registry.h"

namespace malmoi::model {

struct LoadOptions {
  Purpose purpose = Purpose::kServing;
  DType dtype = DType::kF32;             // of products
  std::optional<Task> task = {};         // instead of the config's own; a head that the file has not starts anew
  std::vector<std::string> labels = {};  // of such a head, where it sorts
  uint64_t seed = 1;                     // of such a head
  bool new_head = false;                 // it may be served, too: an adapter has it whole
  /// Which parameters are not trained; none by default.
  std::function<bool(const nn::ParameterSpec&)> frozen = {};
  /// Told of each parameter that has its values, serving: it may pack them, so that they never stand there all at once.
  std::function<Status(Model&, nn::ParameterSet::Entry&)> filled = {};
  bool keep_packed = true;  // matrices that a file has packed are served as they are; else all are unpacked
  Warn warn = {};           // of a file that contradicts its config
};

/// Opens a folder with config.json and weights (safetensors or PyTorch's .bin, in one file or several), or a GGUF file, of
/// whatever types, whose family speaks GGUF (Family::gguf). Errors name the file
/// and the field or tensor: an unknown or contradictory key, a tensor that is missing, left over, of another shape, not
/// floating, or not finite. Where the config ties the head to the table of words and the file holds another matrix for it,
/// that one is kept, with a warning, as transformers does.
Result<std::unique_ptr<Model>> load_model(const Path& path, const LoadOptions& options);

/// The model as load_model has it, without memory: what its file has packed is known to be packed, whether its head is the table of
/// words, too. Errors: as load_model, but for values.
Result<std::unique_ptr<Model>> describe_weights(const Path& path, const LoadOptions& options);

/// The model of a folder's config.json, or of a GGUF file, without weights; `task` and `labels` as LoadOptions has them.
Result<std::unique_ptr<Model>> load_config(const Path& path, std::optional<Task> task = {},
                                           std::vector<std::string> labels = {});

}  // namespace malmoi::model
