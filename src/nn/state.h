// The state of a sequence that is being read or written: what a family keeps of each layer, in a pool with a budget.
//
// A family names the state of every layer (LayerState); a StatePool owns the memory of all sequences, cut into pages of
// rows; a SequenceState is one sequence's share of it. Pages are shared by forks and copied when one of them writes
// (n answers, beams, prefixes). Running out is an error of reserve(), before a step, never in one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "tensor/tensor.h"

namespace malmoi::nn {

enum class StateKind : uint8_t {
  kPagedKeys,   // keys and values of every position, by pages
  kWindowKeys,  // of the last `window` positions: older pages are given back
  kMemoryKeys,  // keys and values of an encoder's output, written once
  kLatent,      // one row of every position, by pages: its first columns are the values, too (DeepSeek-V2, section 2.1)
  kRecurrent,   // a fixed number of f32 elements, rewritten at each step
  kConvolution,  // the last inputs of a short filter: f32
};

/// One piece of state of one layer. A layer may have several (attention over itself and over a memory); a family numbers
/// them in the order in which it lists them: the slot.
struct LayerState {
  StateKind kind = StateKind::kPagedKeys;
  int64_t key_width = 0,
          value_width = 0;  // elements of a position (keys of all heads); of the pool's type; kLatent: keys
  int64_t window = 0;       // kWindowKeys: positions that a query may look back at, itself included
  int64_t elements = 0;     // kRecurrent, kConvolution
};

/// What keys and values are kept as.
enum class KeyType : uint8_t {
  kModel,  // the pool's type
  kQ8_0,   // 8 bits and a scale for each 32 elements (kernels/contract/byte_rows.h), where rows are multiples of that
};

/// Where the keys and values of a slot lie, for attention.
struct KeyPages {
  const void* const* k_pages = nullptr;
  const void* const* v_pages = nullptr;
  int64_t length = 0;  // rows from the first page's first row on
  int64_t begin = 0;   // the position of that row in the sequence
};

class StatePool;

/// One sequence's state: a handle, cheap to move. One thread at a time with its pool. Gives its pages back when it ends.
///
/// A step is: reserve, write every slot, advance. Pointers of keys() and memory() hold until this sequence's next reserve,
/// advance or truncate.
class SequenceState {
 public:
  SequenceState();
  SequenceState(SequenceState&&) noexcept;
  SequenceState& operator=(SequenceState&&) noexcept;
  ~SequenceState();

  explicit operator bool() const { return slots_ != nullptr; }
  /// Positions read so far.
  int64_t length() const { return length_; }
  /// Makes room for positions up to `length`, in every slot, and for writing where pages are shared. Errors: the pool has
  /// not enough left; nothing was changed then.
  Status reserve(int64_t length);
  /// Counts n positions as read, once every slot has written them. Windows give back the pages that no later query sees.
  void advance(int64_t n);
  /// Forgets positions from `length` on; 0 is the beginning, of which every state is capable (an encoder's memory stays).
  /// A window goes back kUndoRows at least. False where the state cannot (a recurrence, or a window whose older rows are
  /// gone): then nothing is changed.
  bool truncate(int64_t length);
  /// The same state again; pages are shared until one of both writes, elements are copied. Errors: no room for these.
  Result<SequenceState> fork() const;

  /// Whether a slot's keys and values are rows in 8 bits.
  bool in_bytes(int64_t slot) const;
  /// Writes n rows of keys and values (`stride` elements apart; bytes where the slot is in bytes) behind length(); room must
  /// have been reserved. kLatent: v is not read.
  void write(int64_t slot, const void* k, int64_t k_stride, const void* v, int64_t v_stride, int64_t n);
  /// Rows of a slot: those of length() and the n written behind them.
  KeyPages keys(int64_t slot, int64_t written) const;
  /// kMemoryKeys: how many rows there are.
  int64_t memory_length() const { return memory_length_; }
  /// Makes room for a memory of `rows` rows in place of what was there. Errors: as reserve().
  Status reserve_memory(int64_t rows);
  /// Writes all rows of a slot; forks made from then on share them.
  void write_memory(int64_t slot, const void* k, int64_t k_stride, const void* v, int64_t v_stride);
  KeyPages memory(int64_t slot) const;
  /// kRecurrent, kConvolution: the elements, this sequence's own; zero at the beginning.
  std::span<float> elements(int64_t slot);

  /// Bytes that this sequence holds, shared pages counted whole.
  size_t bytes() const;

 private:
  friend class StatePool;
  struct Slots;
  std::unique_ptr<Slots> slots_;
  int64_t length_ = 0, memory_length_ = 0;
  int64_t reserved_ = 0;  // positions that may be written
};

/// Owns the memory of all sequences of a model: pages come from the system when they are first wanted and are used again;
/// the budget is a bound. One thread at a time; outlives its sequences.
class StatePool {
 public:
  static constexpr int64_t kPageRows = 32;
  /// Rows that a window keeps beyond those it sees, so that what was guessed in vain can be forgotten.
  static constexpr int64_t kUndoRows = 16;
  /// `budget`: bytes of all pages together. Errors: too small for one page of every slot.
  static Result<std::unique_ptr<StatePool>> create(std::vector<LayerState> layers, DType dtype, size_t budget,
                                                   KeyType keys = KeyType::kModel);
  ~StatePool();

  /// A sequence without positions. Errors: no room for its elements.
  Result<SequenceState> open();
  const std::vector<LayerState>& layers() const;
  DType dtype() const;
  size_t budget() const;
  /// Bytes of pages that sequences hold; shared ones count once.
  size_t in_use() const;
  /// Bytes that a sequence of `length` positions (and `memory` rows of an encoder) takes at the most, where no step adds
  /// more than `step` positions (0: all may come in one).
  size_t bytes_for(int64_t length, int64_t memory = 0, int64_t step = 0) const;

 private:
  friend class SequenceState;
  struct Impl;
  explicit StatePool(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace malmoi::nn
