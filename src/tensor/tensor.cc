#include "tensor/tensor.h"

#include <sys/mman.h>

#include <cstring>
#include <new>

namespace malmoi {

std::string Shape::to_string() const {
  std::string text = "[";
  for (int i = 0; i < rank_; ++i) text += (i ? ", " : "") + std::to_string((*this)[i]);
  return text + "]";
}

Storage* StoragePool::take() {
  if (idle_.empty()) {
    all_.push_back(std::make_unique<Storage>());
    all_.back()->pool = this;
    idle_.reserve(all_.capacity());
    return all_.back().get();
  }
  Storage* storage = idle_.back();
  idle_.pop_back();
  return storage;
}

Tensor Tensor::in_arena(Arena& arena, StoragePool& pool, DType type, Shape shape) {
  Storage* storage = pool.take();
  storage->bytes = static_cast<size_t>(shape.elements()) * dtype_size(type);
  storage->arena = &arena;
  storage->references = 0;
  storage->data = arena.allocate(storage->bytes);
  return Tensor(storage->data, type, shape, storage);
}

Tensor Tensor::zeros(DType type, Shape shape) {
  auto* storage = new Storage;
  storage->bytes = static_cast<size_t>(shape.elements()) * dtype_size(type);
  size_t rounded = std::max<size_t>((storage->bytes + 63) & ~size_t{63}, 64);
  constexpr size_t kHuge = 2 << 20;
  bool large = rounded >= 2 * kHuge;
  storage->data = ::operator new (rounded, std::align_val_t{large ? kHuge : 64});
  if (large) ::madvise(storage->data, rounded & ~(kHuge - 1), MADV_HUGEPAGE);
  std::memset(storage->data, 0, rounded);
  return Tensor(storage->data, type, shape, storage);
}

Tensor Tensor::view(void* data, DType type, Shape shape) { return Tensor(data, type, shape, nullptr); }

Tensor Tensor::reshaped(Shape shape) const {
  assert(shape.elements() == elements());
  return Tensor(data_, type_, shape, storage_);
}

Tensor Tensor::rows(int64_t begin, int64_t count) const {
  assert(shape_.rank() >= 1 && begin >= 0 && begin + count <= shape_[0]);
  int64_t row = shape_[0] == 0 ? 0 : elements() / shape_[0];
  Shape shape = shape_;
  switch (shape_.rank()) {
    case 1: shape = {count}; break;
    case 2: shape = {count, shape_[1]}; break;
    case 3: shape = {count, shape_[1], shape_[2]}; break;
    default: shape = {count, shape_[1], shape_[2], shape_[3]}; break;
  }
  return Tensor(element_at(data_, type_, begin * row), type_, shape, storage_);
}

void Tensor::release() {
  if (!storage_ || --storage_->references > 0) return;
  if (storage_->arena) {
    storage_->arena->release(storage_->data, storage_->bytes);
    storage_->pool->give_back(storage_);
  } else {
    constexpr size_t kHuge = 2 << 20;
    size_t rounded = std::max<size_t>((storage_->bytes + 63) & ~size_t{63}, 64);
    ::operator delete (storage_->data, std::align_val_t{rounded >= 2 * kHuge ? kHuge : 64});
    delete storage_;
  }
}

}  // namespace malmoi
