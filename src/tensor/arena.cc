#include "tensor/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace malmoi {
namespace {

// A place no pointer is dereferenced at: rehearsals count from here.
std::byte* const kNowhere = reinterpret_cast<std::byte*>(uintptr_t{1} << 46);

size_t round_up(size_t bytes) {
  return bytes == 0 ? Arena::kAlignment : (bytes + Arena::kAlignment - 1) & ~(Arena::kAlignment - 1);
}

}  // namespace

Result<Arena> Arena::create(size_t capacity) {
  constexpr size_t kHuge = 2 << 20;
  Arena arena;
  arena.capacity_ = (capacity + kHuge - 1) & ~(kHuge - 1);
  if (arena.capacity_ == 0) return arena;
  void* range =
      ::mmap(nullptr, arena.capacity_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) {
    return out_of_memory("cannot reserve " + std::to_string(arena.capacity_) + " bytes", "arena",
                         "use a smaller batch, sequence or model");
  }
  ::madvise(range, arena.capacity_, MADV_HUGEPAGE);  // a wish; refused on some systems
  arena.base_ = static_cast<std::byte*>(range);
  arena.free_.reserve(1024);
  return arena;
}

Arena Arena::rehearsal() {
  Arena arena;
  arena.rehearsal_ = true;
  arena.base_ = kNowhere;
  arena.capacity_ = size_t{1} << 45;
  return arena;
}

Arena::Arena(Arena&& other) noexcept { *this = std::move(other); }

Arena& Arena::operator=(Arena&& other) noexcept {
  std::swap(base_, other.base_);
  std::swap(capacity_, other.capacity_);
  std::swap(rehearsal_, other.rehearsal_);
  std::swap(free_, other.free_);
  std::swap(top_, other.top_);
  std::swap(in_use_, other.in_use_);
  std::swap(peak_, other.peak_);
  std::swap(overflow_, other.overflow_);
  return *this;
}

Arena::~Arena() {
  if (base_ && !rehearsal_) ::munmap(base_, capacity_);
}

void* Arena::allocate(size_t bytes) {
  size_t size = round_up(bytes);
  in_use_ += size;
  auto best = free_.end();
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    if (it->size >= size && (best == free_.end() || it->size < best->size)) best = it;
  }
  if (best != free_.end()) {
    std::byte* block = base_ + best->offset;
    best->offset += size;
    best->size -= size;
    if (best->size == 0) free_.erase(best);
    return block;
  }
  if (size > capacity_ - top_) {
    overflow_ += size;
    return ::operator new (size, std::align_val_t{kAlignment});
  }
  std::byte* block = base_ + top_;
  top_ += size;
  peak_ = std::max(peak_, top_);
  return block;
}

void Arena::release(void* pointer, size_t bytes) {
  size_t size = round_up(bytes);
  in_use_ -= size;
  auto* block = static_cast<std::byte*>(pointer);
  if (std::less<>()(block, base_) || !std::less<>()(block, base_ + capacity_)) {
    ::operator delete (block, std::align_val_t{kAlignment});
    return;
  }
  size_t offset = static_cast<size_t>(block - base_);
  auto next =
      std::lower_bound(free_.begin(), free_.end(), offset, [](const Block& b, size_t o) { return b.offset < o; });
  auto previous = next == free_.begin() ? free_.end() : next - 1;
  bool joins_previous = previous != free_.end() && previous->offset + previous->size == offset;
  bool joins_next = next != free_.end() && offset + size == next->offset;
  if (joins_previous && joins_next) {
    previous->size += size + next->size;
    free_.erase(next);
  } else if (joins_previous) {
    previous->size += size;
  } else if (joins_next) {
    next->offset = offset;
    next->size += size;
  } else {
    free_.insert(next, {offset, size});
  }
  if (!free_.empty() && free_.back().offset + free_.back().size == top_) {
    top_ = free_.back().offset;
    free_.pop_back();
  }
}

}  // namespace malmoi
