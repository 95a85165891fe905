#include "nn/state.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "kernels/contract/byte_rows.h"
#include "nn/state_pages.h"
#include "nn/state_rows.h"

namespace malmoi::nn {
namespace {

bool grows(StateKind kind) {
  return kind == StateKind::kPagedKeys || kind == StateKind::kWindowKeys || kind == StateKind::kLatent;
}
bool has_elements(StateKind kind) { return kind == StateKind::kRecurrent || kind == StateKind::kConvolution; }

// The first position that a query at `length` or later sees.
int64_t first_seen(const LayerState& layer, int64_t length) {
  return layer.kind == StateKind::kWindowKeys ? std::max<int64_t>(0, length - layer.window + 1) : 0;
}

std::string size_of(size_t bytes) {
  constexpr size_t kKiB = 1024, kMiB = kKiB * 1024;
  if (bytes >= 10 * kMiB) return std::to_string(bytes / kMiB) + " MiB";
  if (bytes >= 10 * kKiB) return std::to_string(bytes / kKiB) + " KiB";
  return std::to_string(bytes) + " bytes";
}

}  // namespace

struct StatePool::Impl {
  std::vector<LayerState> layers;
  DType dtype;
  KeyType keys;
  PageStore store;

  Impl(std::vector<LayerState> states, DType type, KeyType key_type, size_t budget)
      : layers(std::move(states)), dtype(type), keys(key_type), store(budget) {}
  // The rows of kLatent are keys and values at once, and stay as they are.
  bool in_bytes(const LayerState& layer) const {
    return keys == KeyType::kQ8_0 && layer.kind != StateKind::kLatent && !has_elements(layer.kind) &&
           (layer.key_width | layer.value_width) % kernels::kByteGroup == 0;
  }
  RowPages rows_of(const LayerState& layer) const {
    if (in_bytes(layer)) return {kernels::byte_row_bytes(layer.key_width), kernels::byte_row_bytes(layer.value_width)};
    size_t element = dtype_size(dtype);
    int64_t values = layer.kind == StateKind::kLatent ? 0 : layer.value_width;
    return {static_cast<size_t>(layer.key_width) * element, static_cast<size_t>(values) * element};
  }
  // Of what strides count in.
  int64_t unit_of(int64_t slot) const {
    return in_bytes(layers[static_cast<size_t>(slot)]) ? 1 : static_cast<int64_t>(dtype_size(dtype));
  }
  Error exhausted(const std::string& purpose, size_t bytes) const {
    return out_of_memory(purpose + " needs " + size_of(bytes) + " more, " + size_of(store.left()) + " of " +
                             size_of(store.budget()) + " are left",
                         "state pool", "give the pool a larger budget, or run fewer or shorter sequences at a time");
  }
  // `counts[i]` pages for slot i, the last slot's first, or none at all.
  Result<std::vector<StatePage*>> take(const std::vector<int64_t>& counts, const std::string& purpose) {
    size_t bytes = 0;
    for (size_t i = 0; i < counts.size(); ++i)
      bytes += static_cast<size_t>(counts[i]) * rows_of(layers[i]).page_bytes();
    std::vector<StatePage*> pages;
    bool had = bytes <= store.left();
    for (size_t i = counts.size(); had && i-- > 0;) {
      for (int64_t n = 0; had && n < counts[i]; ++n) {
        pages.push_back(store.take(rows_of(layers[i]).page_bytes()));
        had = pages.back() != nullptr;
      }
    }
    if (had) return pages;
    for (StatePage* page : pages) store.give_back(page);
    return exhausted(purpose, bytes);
  }
};

struct SequenceState::Slots {
  struct Slot {
    explicit Slot(RowPages empty) : rows(std::move(empty)) {}
    RowPages rows;
    StatePage* elements = nullptr;
  };
  StatePool::Impl& pool;
  std::vector<Slot> all;

  explicit Slots(StatePool::Impl& owner) : pool(owner) {}
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;
  /// Without rows; elements are zero.
  static Result<std::unique_ptr<Slots>> create(StatePool::Impl& pool) {
    auto slots = std::make_unique<Slots>(pool);
    for (const LayerState& layer : pool.layers) {
      Slot& slot = slots->all.emplace_back(pool.rows_of(layer));
      if (!has_elements(layer.kind)) continue;
      size_t bytes = static_cast<size_t>(layer.elements) * sizeof(float);
      slot.elements = pool.store.take(bytes);
      if (!slot.elements) return pool.exhausted("the state of a sequence", bytes);
      std::memset(slot.elements->data, 0, bytes);
    }
    return slots;
  }
  ~Slots() {
    for (Slot& slot : all) {
      slot.rows.clear(pool.store);
      pool.store.give_back(slot.elements);
    }
  }
  RowPages& rows(int64_t slot) { return all[static_cast<size_t>(slot)].rows; }
};

SequenceState::SequenceState() = default;
SequenceState::SequenceState(SequenceState&&) noexcept = default;
SequenceState& SequenceState::operator=(SequenceState&&) noexcept = default;
SequenceState::~SequenceState() = default;

Status SequenceState::reserve(int64_t length) {
  if (length <= reserved_) return {};
  StatePool::Impl& pool = slots_->pool;
  std::vector<int64_t> counts(slots_->all.size(), 0);
  for (size_t i = 0; i < counts.size(); ++i) {
    if (grows(pool.layers[i].kind)) counts[i] = slots_->all[i].rows.wanted(length_, length);
  }
  MALMOI_ASSIGN(std::vector<StatePage*> pages,
                pool.take(counts, "a sequence of " + std::to_string(length) + " positions"));
  for (size_t i = 0; i < counts.size(); ++i) {
    if (grows(pool.layers[i].kind)) slots_->all[i].rows.extend(length_, length, pages, pool.store);
  }
  reserved_ = length;
  return {};
}

void SequenceState::advance(int64_t n) {
  assert(length_ + n <= reserved_);
  length_ += n;
  for (size_t i = 0; i < slots_->all.size(); ++i) {
    const LayerState& layer = slots_->pool.layers[i];
    if (layer.kind == StateKind::kWindowKeys)
      slots_->all[i].rows.keep(first_seen(layer, std::max<int64_t>(length_ - StatePool::kUndoRows, 0)), reserved_,
                               slots_->pool.store);
  }
}

bool SequenceState::truncate(int64_t length) {
  if (length >= length_) return length == length_;
  StatePool::Impl& pool = slots_->pool;
  for (size_t i = 0; length > 0 && i < slots_->all.size(); ++i) {
    const LayerState& layer = pool.layers[i];
    if (has_elements(layer.kind) || slots_->all[i].rows.begin() > first_seen(layer, length)) return false;
  }
  for (size_t i = 0; i < slots_->all.size(); ++i) {
    Slots::Slot& slot = slots_->all[i];
    if (slot.elements) std::memset(slot.elements->data, 0, slot.elements->bytes);
    if (!grows(pool.layers[i].kind)) continue;
    if (length == 0) slot.rows.clear(pool.store);
    else slot.rows.keep(0, length, pool.store);
  }
  length_ = reserved_ = length;
  return true;
}

Result<SequenceState> SequenceState::fork() const {
  StatePool::Impl& pool = slots_->pool;
  SequenceState other;
  MALMOI_ASSIGN(other.slots_, Slots::create(pool));
  for (size_t i = 0; i < slots_->all.size(); ++i) {
    const Slots::Slot& mine = slots_->all[i];
    Slots::Slot& its = other.slots_->all[i];
    its.rows = mine.rows.share(pool.layers[i].kind == StateKind::kMemoryKeys ? memory_length_ : length_);
    if (mine.elements) std::memcpy(its.elements->data, mine.elements->data, mine.elements->bytes);
  }
  other.length_ = other.reserved_ = length_;
  other.memory_length_ = memory_length_;
  return other;
}

bool SequenceState::in_bytes(int64_t slot) const {
  return slots_->pool.in_bytes(slots_->pool.layers[static_cast<size_t>(slot)]);
}

void SequenceState::write(int64_t slot, const void* k, int64_t k_stride, const void* v, int64_t v_stride, int64_t n) {
  assert(length_ + n <= reserved_);
  const int64_t unit = slots_->pool.unit_of(slot);
  slots_->rows(slot).write(length_, k, k_stride * unit, v, v_stride * unit, n);
}

KeyPages SequenceState::keys(int64_t slot, int64_t written) const { return slots_->rows(slot).view(length_ + written); }

Status SequenceState::reserve_memory(int64_t rows) {
  StatePool::Impl& pool = slots_->pool;
  std::vector<int64_t> counts(slots_->all.size(), 0);
  for (size_t i = 0; i < counts.size(); ++i) {
    if (pool.layers[i].kind == StateKind::kMemoryKeys) counts[i] = RowPages::pages_for(rows);
  }
  MALMOI_ASSIGN(std::vector<StatePage*> pages,
                pool.take(counts, "an encoder's memory of " + std::to_string(rows) + " rows"));
  for (size_t i = 0; i < counts.size(); ++i) {
    if (pool.layers[i].kind != StateKind::kMemoryKeys) continue;
    slots_->all[i].rows.clear(pool.store);
    slots_->all[i].rows.extend(0, rows, pages, pool.store);
  }
  memory_length_ = rows;
  return {};
}

void SequenceState::write_memory(int64_t slot, const void* k, int64_t k_stride, const void* v, int64_t v_stride) {
  const int64_t unit = slots_->pool.unit_of(slot);
  slots_->rows(slot).write(0, k, k_stride * unit, v, v_stride * unit, memory_length_);
}

KeyPages SequenceState::memory(int64_t slot) const { return slots_->rows(slot).view(memory_length_); }

std::span<float> SequenceState::elements(int64_t slot) {
  StatePage* page = slots_->all[static_cast<size_t>(slot)].elements;
  return {reinterpret_cast<float*>(page->data), page->bytes / sizeof(float)};
}

size_t SequenceState::bytes() const {
  size_t sum = 0;
  for (const Slots::Slot& slot : slots_->all) sum += slot.rows.bytes() + (slot.elements ? slot.elements->bytes : 0);
  return sum;
}

StatePool::StatePool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StatePool::~StatePool() = default;

Result<std::unique_ptr<StatePool>> StatePool::create(std::vector<LayerState> layers, DType dtype, size_t budget,
                                                     KeyType keys) {
  std::unique_ptr<StatePool> pool(new StatePool(std::make_unique<Impl>(std::move(layers), dtype, keys, budget)));
  size_t least = pool->bytes_for(1, 1);
  if (budget < least)
    return out_of_memory("one page of every layer takes " + size_of(least) + ", the budget is " + size_of(budget),
                         "state pool", "give the pool a larger budget");
  return pool;
}

Result<SequenceState> StatePool::open() {
  SequenceState state;
  MALMOI_ASSIGN(state.slots_, SequenceState::Slots::create(*impl_));
  return state;
}

const std::vector<LayerState>& StatePool::layers() const { return impl_->layers; }
DType StatePool::dtype() const { return impl_->dtype; }
size_t StatePool::budget() const { return impl_->store.budget(); }
size_t StatePool::in_use() const { return impl_->store.in_use(); }

size_t StatePool::bytes_for(int64_t length, int64_t memory, int64_t step) const {
  size_t sum = 0;
  for (const LayerState& layer : impl_->layers) {
    int64_t pages = RowPages::pages_for(layer.kind == StateKind::kMemoryKeys ? memory : length);
    // Before a window gives pages back it spans what the step adds and what its first query looks back at, and these rows
    // may begin anywhere in a page.
    if (layer.kind == StateKind::kWindowKeys && step > 0)
      pages = std::min(pages, (layer.window - 1 + kUndoRows + step + kPageRows - 2) / kPageRows + 1);
    sum += has_elements(layer.kind) ? static_cast<size_t>(layer.elements) * sizeof(float)
                                    : static_cast<size_t>(pages) * impl_->rows_of(layer).page_bytes();
  }
  return sum;
}

}  // namespace malmoi::nn
