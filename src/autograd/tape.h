// The tape: a flat list of records, one for each op that ran, run backwards once. No closures; nothing is allocated once
// warm.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "autograd/context.h"
#include "autograd/weight.h"

namespace malmoi::autograd {

/// An activation: its value, and its number on the tape (-1: no gradient flows to it). Ops take it by value: a caller that
/// needs it no longer moves it in, and its memory is free as soon as the op is done with it.
struct Var {
  Tensor value;
  int32_t id = -1;
  bool on_tape() const { return id >= 0; }
  explicit operator bool() const { return static_cast<bool>(value); }
};

/// A value kept for the backward pass: the tensor itself, or the number of the record that can make it again.
struct Saved {
  Tensor value;
  int32_t recompute = -1;
};

struct Record;

/// One op, defined whole in its file under ops/; op_table() lists them and the tests walk it.
struct Op {
  const char* name;
  /// Takes the gradients of its outputs from the tape, gives gradients to its inputs and parameters.
  void (*backward)(Context& context, Tape& tape, Record& record);
  /// Makes its first output again from what it saved; null: the output is always kept.
  Tensor (*recompute)(Context& context, Tape& tape, Record& record) = nullptr;
};

/// All ops.
std::span<const Op* const> op_table();

/// One op that ran. Its arrays, of any length, and the op's own plain struct lie in the tape's buffer.
struct Record {
  const Op* op = nullptr;
  std::span<int32_t> inputs, outputs;  // numbers of activations
  std::span<Saved> saved;
  std::span<Parameter*> parameters;  // some may be null
  std::span<const Weight*> weights;
  void* attributes = nullptr;
  bool is_constant = false;  // nothing that it reads takes a gradient: it is not on the tape

  template <typename T>
  const T& get() const {
    static_assert(std::is_trivially_copyable_v<T>);
    return *static_cast<const T*>(attributes);
  }
};

/// Values to put into a record: a list in braces, or an array of any length.
template <typename T>
struct List {
  List() = default;
  List(std::initializer_list<T> list)
      : values(list.begin(), list.size()) {}  // lives as long as the call it is written in
  List(std::span<const T> span) : values(span) {}
  std::span<const T> values;
};

/// What a new record holds.
struct RecordSpec {
  List<int32_t> inputs;
  int outputs = 1;
  List<Saved> saved;
  List<Parameter*> parameters;
  List<const Weight*> weights;
};

class Tape {
 public:
  Tape() = default;
  ~Tape() { clear(); }
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// Adds a record; the reference holds until it has run backwards. Where no gradient is wanted of anything that it reads
  /// (frozen weights below the lowest one that is trained), nothing is kept and its outputs are not on the tape: the reference
  /// then holds for output() alone.
  template <typename T>
  Record& push(const Op& op, const RecordSpec& spec, const T& attributes) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= kAlignment);
    Record& record = add(op, spec);
    if (record.is_constant) return record;
    record.attributes = new (take(sizeof(T))) T(attributes);
    return record;
  }
  /// A fresh activation number.
  int32_t new_id();
  /// A Var on the tape: output `slot` of a record.
  Var output(Record& record, int slot, Tensor value);
  /// What to keep of `x` for a backward pass: nothing but a number where its maker can make it again cheaply.
  Saved save(const Context& context, const Var& x) const;
  /// The value of a saved input, made again if need be.
  Tensor load(Context& context, Saved& saved);

  /// The gradient of an activation, taken off the tape; empty if none arrived.
  Tensor take_grad(int32_t id);
  bool has_grad(int32_t id) const { return id >= 0 && static_cast<bool>(grads_[static_cast<size_t>(id)]); }
  /// A buffer of the activation's gradient that a product may add to, or empty if there is none yet or it is shared.
  Tensor addable_grad(int32_t id) const;
  /// Gives a gradient: kept as it is if it is the first, else added.
  void give_grad(Context& context, int32_t id, Tensor grad);

  /// Counts a writer of the parameters' gradients that is no record, and that it is done.
  void begin_use(std::span<Parameter* const> parameters);
  void end_use(std::span<Parameter* const> parameters);
  /// Who is told of each parameter whose gradient is final; null: nobody.
  void on_final_gradient(GradientSink* sink) { sink_ = sink; }

  /// Until end_discard(), ops run as if recorded, and their records are dropped as the next one comes: parameters are
  /// counted, nothing is kept (a block that will run again).
  void begin_discard();
  /// Gives the parameters that were met; valid until the next begin_discard().
  std::span<Parameter* const> end_discard();

  /// Runs all records from the last down to `from`, and forgets them.
  void backward(Context& context, size_t from = 0);
  void clear();
  size_t size() const { return records_.size(); }

 private:
  static constexpr size_t kAlignment = 16, kChunkBytes = 64 << 10;
  struct Mark {
    size_t chunk = 0, used = 0;
  };
  struct Entry {
    Record* record;
    Mark begin;
  };
  struct Chunk {
    std::unique_ptr<std::byte[]> bytes;
    size_t size;
  };
  Record& add(const Op& op, const RecordSpec& spec);
  void* take(size_t bytes);
  template <typename T>
  std::span<T> copy(std::span<const T> values);
  void forget_last();
  void release(std::span<Parameter* const> parameters);

  std::vector<Chunk> chunks_;  // records lie in them one after the other; a chunk never moves
  Mark top_;
  std::vector<Entry> records_;
  std::vector<Tensor> grads_;
  std::vector<int32_t> maker_;         // record that made each activation, -1: none that can make it again
  std::vector<Parameter*> discarded_;  // counted while discarding
  GradientSink* sink_ = nullptr;
  size_t discard_from_ = 0;
  bool discarding_ = false;
};

}  // namespace malmoi::autograd
