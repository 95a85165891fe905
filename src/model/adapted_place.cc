#include "model/adapted_place.h"

#include <algorithm>

#include "autograd/adapted_weight.h"
#include "model/weight_rows.h"

namespace malmoi::model {

using nn::Role;

bool AdaptedPlace::is_table() const {
  const Role role = entry->spec.role;
  return (role == Role::kEmbedding || role == Role::kPositions) && slot == entry->slots[0].get();
}

bool AdaptedPlace::is_matrix() const {
  return slot && source.layout.kind != nn::Layout::kTaps && entry->spec.role != Role::kBlocks;
}

Tensor PlaceValues::of(const AdaptedPlace& place) {
  if (slot_ != place.slot) {
    const autograd::Weight& weight = autograd::without_adapters(**place.slot);
    values_ = Tensor();  // before the next one takes memory
    values_ = Tensor::zeros(DType::kF32, {weight.out_features(), weight.in_features()});
    write_rows(weight, values_);
    slot_ = place.slot;
  }
  return values_.rows(place.source.row_begin, place.source.rows);
}

AdaptedPlace place_of_source(nn::ParameterSet::Entry& entry, const nn::Source& source) {
  AdaptedPlace place{&entry, source};
  if (entry.slots.empty()) return place;
  const int64_t rows = entry.spec.shape.rows() / static_cast<int64_t>(entry.slots.size());
  const int64_t slot = source.row_begin / rows;
  if ((source.row_begin + source.rows - 1) / rows != slot) return place;  // several matrices in one tensor
  place.slot = entry.slots[static_cast<size_t>(slot)].get();
  place.source.row_begin = source.row_begin % rows;
  return place;
}

nn::ParameterSet::Entry& entry_of(Model& model, const Parameter& parameter) {
  auto& entries = model.parameters.entries();
  return **std::ranges::find_if(entries, [&](const auto& entry) { return &entry->parameter == &parameter; });
}

bool has_head_of_its_own(const Model& model) {
  if (!model.head || model.tied_head.tensor.empty()) return false;
  const Parameter& words = model.head->weight->parameter();
  return std::ranges::none_of(model.parameters.entries(), [&](const auto& entry) {
    return &entry->parameter == &words && model.head->weight == entry->slots[0].get();
  });
}

bool keeps_rows(const Model& model) {
  return std::ranges::all_of(model.backbone->states(), [](const nn::LayerState& state) {
    return state.kind == nn::StateKind::kPagedKeys || state.kind == nn::StateKind::kWindowKeys;
  });
}

}  // namespace malmoi::model
