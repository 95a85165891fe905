// Where adapters go: published tensors as rows of a model's matrices.
#pragma once

#include "model/model.h"

namespace malmoi::model {

/// Where a published tensor lies: a slot and the rows of it. No slot: a vector, or several matrices in one tensor.
struct AdaptedPlace {
  nn::ParameterSet::Entry* entry = nullptr;
  nn::Source source;  // its rows count from the slot's first
  nn::WeightSlot* slot = nullptr;

  /// Whether its rows are looked up: a head over a table is a product.
  bool is_table() const;
  /// Whether it is a matrix that adapters may stand beside: no convolution, no blocks.
  bool is_matrix() const;
};

/// The values of matrices, of one slot at a time: those of a fused one follow each other, and are read once.
class PlaceValues {
 public:
  /// f32, without adapters: rows of memory that the next slot takes, so not to be written to.
  Tensor of(const AdaptedPlace& place);

 private:
  const nn::WeightSlot* slot_ = nullptr;
  Tensor values_;
};

AdaptedPlace place_of_source(nn::ParameterSet::Entry& entry, const nn::Source& source);

/// The entry of a parameter of the model.
nn::ParameterSet::Entry& entry_of(Model& model, const Parameter& parameter);

/// Whether a tied head has a slot of its own over the table of words (Model::separate_head).
bool has_head_of_its_own(const Model& model);

/// Whether rows of products are rows of the batch, in its order, in all layers: then the runs of a batch may choose different
/// adapters.
bool keeps_rows(const Model& model);

}  // namespace malmoi::model
