#include "autograd/tape.h"

namespace malmoi::autograd {

Record& Tape::push(OpKind kind) {
  if (count_ == records_.size()) records_.emplace_back();
  Record& record = records_[count_++];
  record.kind = kind;
  record.inputs = {-1, -1};
  record.outputs = {-1, -1};
  record.parameters = {};
  record.weight = nullptr;
  return record;
}

int32_t Tape::new_id() {
  grads_.emplace_back();
  maker_.push_back(-1);
  return static_cast<int32_t>(grads_.size() - 1);
}

Var Tape::output(Record& record, int slot, Tensor value) {
  int32_t id = new_id();
  record.outputs[static_cast<size_t>(slot)] = id;
  maker_[static_cast<size_t>(id)] = static_cast<int32_t>(&record - records_.data());
  return {std::move(value), id};
}

Saved Tape::save(const Context& context, const Var& x) const {
  if (context.checkpointing != Checkpointing::kNone && x.on_tape()) {
    int32_t maker = maker_[static_cast<size_t>(x.id)];
    if (maker >= 0) {
      const Record& record = records_[static_cast<size_t>(maker)];
      if (record.outputs[0] == x.id && op_info(record.kind).recompute) return {Tensor(), maker};
    }
  }
  return {x.value, -1};
}

Tensor Tape::load(Context& context, Saved& saved) {
  if (saved.recompute < 0) return saved.value;
  Record& maker = records_[static_cast<size_t>(saved.recompute)];
  return op_info(maker.kind).recompute(context, *this, maker);
}

Tensor Tape::take_grad(int32_t id) {
  if (id < 0) return {};
  return std::exchange(grads_[static_cast<size_t>(id)], Tensor());
}

Tensor Tape::addable_grad(int32_t id) const {
  if (!has_grad(id)) return {};
  const Tensor& grad = grads_[static_cast<size_t>(id)];
  return grad.unique() ? grad : Tensor();
}

void Tape::give_grad(Context& context, int32_t id, Tensor grad) {
  if (id < 0) return;
  Tensor& place = grads_[static_cast<size_t>(id)];
  if (!place) {
    place = std::move(grad);
    return;
  }
  // A buffer that another activation shares must keep its value.
  Tensor sum = place.unique() ? place : context.temporary(grad.dtype(), grad.shape());
  context.run("add gradient", 0, [&] {
    context.kernels->add(
        {.dtype = grad.dtype(), .n = grad.elements(), .x = place.data(), .delta = grad.data(), .y = sum.data()});
  });
  place = std::move(sum);
}

void Tape::backward(Context& context, size_t from) {
  while (count_ > from) {
    size_t index = count_ - 1;
    // A copy of the handles: a block's backward pass pushes records of its own, which may move the list.
    Record record = records_[index];
    bool reached = record.outputs[0] < 0 || has_grad(record.outputs[0]) || has_grad(record.outputs[1]);
    if (reached) op_info(record.kind).backward(context, *this, record);
    for (Saved& saved : records_[index].saved) saved = {};
    count_ = index;
  }
}

void Tape::clear() {
  for (size_t i = 0; i < count_; ++i) {
    for (Saved& saved : records_[i].saved) saved = {};
  }
  count_ = 0;
  grads_.clear();
  maker_.clear();
}

}  // namespace malmoi::autograd
