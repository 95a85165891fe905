// Packed tensors of a file bound to the slots of a parameter, so that products read them as they are.
#pragma once

#include <span>

#include "base/error.h"
#include "formats/tensor_source.h"
#include "model/model.h"
#include "nn/parameter_set.h"

namespace malmoi::model {

/// A source of a parameter and the tensor that fills it.
struct PackedSource {
  nn::Source source;
  const formats::StoredTensor* tensor;
};

/// Whether all that fills a parameter is packed, and lies in rows: what can be served as it is.
bool can_bind_packed(const nn::ParameterSet::Entry& entry, std::span<const PackedSource> sources);

/// Where the weights of a model are laid, side by side in large pieces: of small pages each would be looked up anew for every
/// 4 KiB that a product reads. The model keeps the pieces.
class PackedMemory {
 public:
  explicit PackedMemory(Model& model) : model_(&model) {}
  /// So many bytes, aligned to 64. Errors: no memory.
  Result<std::byte*> take(size_t bytes);

 private:
  Model* model_;
  std::byte* piece_ = nullptr;
  size_t left_ = 0;  // bytes of it
};

/// Pages of a mapped file that were read once and are not read again; read all the same, they come from the file anew.
void let_go(std::span<const std::byte> bytes);

/// Binds a weight to each slot of the parameter. Errors: a scale that is not finite, with its tensor.
Status bind_packed(nn::ParameterSet::Entry& entry, std::span<const PackedSource> sources, PackedMemory& memory,
                   const std::string& where);

/// The same without memory, for whoever plans.
void describe_packed(nn::ParameterSet::Entry& entry, std::span<const PackedSource> sources);

}  // namespace malmoi::model
