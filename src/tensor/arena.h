// The memory of a step: one reserved range, handed out best-fit, taken back when the last tensor lets go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.h"

namespace malmoi {

/// A deterministic allocator over one reserved range of addresses. The same sequence of calls gives the same places, so
/// a rehearsal without memory (`Arena::rehearsal`) predicts the peak of a real run to the byte, and a step that repeats
/// itself touches no system allocator. Blocks are 64-byte aligned. Not thread-safe: the thread that builds the step owns it.
class Arena {
 public:
  static constexpr size_t kAlignment = 64;

  /// Reserves `capacity` bytes of addresses (memory is taken when touched), on huge pages where the system has them.
  static Result<Arena> create(size_t capacity);
  /// An arena that hands out addresses which must never be touched: it measures.
  static Arena rehearsal();
  Arena() = default;
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;
  ~Arena();

  /// A request beyond the capacity is served from the system and counted in `overflow()`.
  void* allocate(size_t bytes);
  void release(void* block, size_t bytes);

  bool is_rehearsal() const { return rehearsal_; }
  size_t in_use() const { return in_use_; }
  /// The highest address ever handed out, from the arena's start.
  size_t peak() const { return peak_; }
  /// Bytes that had to come from outside the range, ever. Zero in a planned run.
  size_t overflow() const { return overflow_; }

 private:
  struct Block {
    size_t offset, size;
  };
  std::byte* base_ = nullptr;
  size_t capacity_ = 0;
  bool rehearsal_ = false;
  std::vector<Block> free_;  // below top_, sorted by offset, never adjacent
  size_t top_ = 0;           // everything from here on is free
  size_t in_use_ = 0, peak_ = 0, overflow_ = 0;
};

}  // namespace malmoi
