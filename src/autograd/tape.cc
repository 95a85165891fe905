#include "autograd/tape.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace malmoi::autograd {
namespace {

bool takes_gradient(const RecordSpec& spec) {
  return std::ranges::any_of(spec.inputs.values, [](int32_t id) { return id >= 0; }) ||
         std::ranges::any_of(spec.parameters.values, [](const Parameter* p) { return p && p->wants_gradient(); }) ||
         std::ranges::any_of(spec.weights.values, [](const Weight* w) { return w->wants_gradient(); });
}

}  // namespace

void* Tape::take(size_t bytes) {
  bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  while (top_.chunk < chunks_.size() && chunks_[top_.chunk].size - top_.used < bytes) top_ = {top_.chunk + 1, 0};
  if (top_.chunk == chunks_.size()) {
    size_t size = std::max(bytes, kChunkBytes);
    chunks_.push_back({std::make_unique<std::byte[]>(size), size});
  }
  void* place = chunks_[top_.chunk].bytes.get() + top_.used;
  top_.used += bytes;
  return place;
}

template <typename T>
std::span<T> Tape::copy(std::span<const T> values) {
  if (values.empty()) return {};
  T* place = static_cast<T*>(take(values.size_bytes()));
  std::uninitialized_copy(values.begin(), values.end(), place);
  return {place, values.size()};
}

Record& Tape::add(const Op& op, const RecordSpec& spec) {
  if (discarding_) {
    while (records_.size() > discard_from_) forget_last();
  }
  Mark begin = top_;
  Record* record = new (take(sizeof(Record))) Record;
  record->op = &op;
  if (!takes_gradient(spec)) {
    record->is_constant = true;
    top_ = begin;  // it stands there until the next one comes
    return *record;
  }
  record->inputs = copy(spec.inputs.values);
  auto outputs = static_cast<size_t>(spec.outputs);
  record->outputs = {static_cast<int32_t*>(take(outputs * sizeof(int32_t))), outputs};
  std::fill(record->outputs.begin(), record->outputs.end(), -1);
  record->saved = copy(spec.saved.values);
  record->parameters = copy(spec.parameters.values);
  record->weights = copy(spec.weights.values);
  records_.push_back({record, begin});
  if (discarding_) {
    for (Parameter* p : record->parameters) {
      if (p) discarded_.push_back(p);
    }
    for (const Weight* w : record->weights)
      discarded_.insert(discarded_.end(), w->parameters().begin(), w->parameters().end());
  }
  begin_use(record->parameters);
  for (const Weight* w : record->weights) begin_use(w->parameters());
  return *record;
}

int32_t Tape::new_id() {
  grads_.emplace_back();
  maker_.push_back(-1);
  return static_cast<int32_t>(grads_.size() - 1);
}

Var Tape::output(Record& record, int slot, Tensor value) {
  if (record.is_constant) return {std::move(value), -1};
  int32_t id = new_id();
  record.outputs[static_cast<size_t>(slot)] = id;
  if (!discarding_ && slot == 0) maker_[static_cast<size_t>(id)] = static_cast<int32_t>(records_.size() - 1);
  return {std::move(value), id};
}

Saved Tape::save(const Context& context, const Var& x) const {
  if (context.checkpointing != Checkpointing::kNone && x.on_tape()) {
    int32_t maker = maker_[static_cast<size_t>(x.id)];
    if (maker >= 0 && records_[static_cast<size_t>(maker)].record->op->recompute) return {Tensor(), maker};
  }
  return {x.value, -1};
}

Tensor Tape::load(Context& context, Saved& saved) {
  if (saved.recompute < 0) return saved.value;
  Record& maker = *records_[static_cast<size_t>(saved.recompute)].record;
  return maker.op->recompute(context, *this, maker);
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
  context.run("add gradient", 0, &kernels::Backend::add,
              {.dtype = grad.dtype(), .n = grad.elements(), .x = place.data(), .delta = grad.data(), .y = sum.data()});
  grads_[static_cast<size_t>(id)] = std::move(sum);
}

void Tape::begin_use(std::span<Parameter* const> parameters) {
  for (Parameter* p : parameters) {
    if (p) ++p->pending;
  }
}

void Tape::end_use(std::span<Parameter* const> parameters) {
  for (Parameter* p : parameters) {
    if (p && --p->pending == 0 && sink_ && p->wants_gradient()) sink_->final_gradient(*p);
  }
}

// As end_use() of a record that never runs backwards.
void Tape::release(std::span<Parameter* const> parameters) {
  for (Parameter* p : parameters) {
    if (p) --p->pending;
  }
}

void Tape::begin_discard() {
  discarding_ = true;
  discard_from_ = records_.size();
  discarded_.clear();
}

std::span<Parameter* const> Tape::end_discard() {
  while (records_.size() > discard_from_) forget_last();
  discarding_ = false;
  return discarded_;
}

void Tape::forget_last() {
  Entry last = records_.back();
  release(last.record->parameters);
  for (const Weight* w : last.record->weights) release(w->parameters());
  std::destroy(last.record->saved.begin(), last.record->saved.end());
  records_.pop_back();
  top_ = last.begin;
}

void Tape::backward(Context& context, size_t from) {
  while (records_.size() > from) {
    Record& record = *records_.back().record;
    bool reached = record.outputs.empty();
    for (int32_t id : record.outputs) reached |= has_grad(id);
    if (reached) record.op->backward(context, *this, record);
    // A block's backward pass has pushed and popped records above this one, which stands again on top.
    end_use(record.parameters);
    for (const Weight* w : record.weights) end_use(w->parameters());
    std::destroy(record.saved.begin(), record.saved.end());
    top_ = records_.back().begin;
    records_.pop_back();
  }
}

void Tape::clear() {
  while (!records_.empty()) forget_last();
  top_ = {};
  grads_.clear();
  maker_.clear();
}

}  // namespace malmoi::autograd
