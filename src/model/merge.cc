#include "model/merge.h"

#include "model/weight_rows.h"

namespace malmoi::model {
namespace {

void make_dense(nn::ParameterSet::Entry& entry, DType type) {
  entry.originals.clear();  // what is written is no longer what the file had
  if (entry.slots.empty()) return;
  Parameter& p = entry.parameter;
  Tensor made = Tensor::zeros(type, p.shape);
  const int64_t columns = p.shape.columns(), rows = p.shape.rows() / static_cast<int64_t>(entry.slots.size());
  const Tensor matrices = made.reshaped({p.shape.rows(), columns});
  for (size_t i = 0; i < entry.slots.size(); ++i)
    write_rows(**entry.slots[i], matrices.rows(static_cast<int64_t>(i) * rows, rows));
  p.compute = std::move(made);
  for (size_t i = 0; i < entry.slots.size(); ++i)
    entry.slots[i]->bind(std::make_unique<autograd::DenseWeight>(p, static_cast<int64_t>(i)));
}

}  // namespace

Status merge(Model& model, const Adapted& adapted) {
  auto& entries = model.parameters.entries();
  Tensor head;
  if (adapted.head) {  // before the table, over which it lies
    const autograd::Weight& weight = **model.head->weight;
    head = Tensor::zeros(model.dtype(), {weight.out_features(), weight.in_features()});
    write_rows(weight, head);
  }
  for (auto& entry : entries) {
    if (adapted.parameters.contains(&entry->parameter))
      make_dense(*entry, model.parameters.compute_type(entry->parameter));
  }
  if (!head) return {};
  model.untie_head();
  entries.back()->parameter.compute = std::move(head);
  return {};
}

}  // namespace malmoi::model
