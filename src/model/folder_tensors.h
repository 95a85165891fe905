// The tensors of a model's folder under their published names, as they lie in its files: for work that makes another folder of
// them, tensor by tensor, and so needs no memory for the model.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "formats/tensor_source.h"
#include "model/model.h"

namespace malmoi::model {

struct FolderTensor {
  std::string name;  // as the family publishes it
  const formats::StoredTensor* stored = nullptr;
  nn::Role role = nn::Role::kVector;
  bool by_token = false;  // its rows belong to tokens: the table of words, the head, the head's bias
};

/// A folder that was opened. Movable; tensors lie in the map of its files.
struct FolderTensors {
  Path folder;
  std::unique_ptr<Model> model;  // as its config says, without memory
  std::shared_ptr<const formats::WeightSource> weights;
  std::vector<FolderTensor> tensors;  // in the order in which the family declares them

  /// Null if there is none.
  const FolderTensor* find(std::string_view name) const;
};

/// Opens a folder with config.json and weights. A head that the config ties to the table of words is no tensor of its own, unless the
/// file holds another matrix for it, and one that the file leaves out is tied, as transformers has it. Errors: a GGUF file, a tensor
/// that is missing or of another shape than the config asks for, what load_config and open_weights say.
Result<FolderTensors> open_folder_tensors(const Path& folder);

/// Says in a config what type its weights are stored in, as transformers reads it.
void set_stored_type(Json& config, formats::ElementType type);

}  // namespace malmoi::model
