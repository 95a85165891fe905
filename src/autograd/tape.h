// The tape: a flat list of records, one an op, run backwards once. No closures; nothing is allocated once warm.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "autograd/context.h"
#include "autograd/weight.h"

namespace malmoi::autograd {

/// An activation: its value, and its number on the tape (-1: no gradient flows to it).
struct Var {
  Tensor value;
  int32_t id = -1;
  bool on_tape() const { return id >= 0; }
};

/// Every op, in the order of op_table().
enum class OpKind : uint8_t {
  kEmbedding,
  kNorm,
  kLinear,
  kActivation,
  kGated,
  kRotary,
  kAttention,
  kBlock,
};

/// A value kept for the backward pass: the tensor itself, or the number of the record that can make it again.
struct Saved {
  Tensor value;
  int32_t recompute = -1;
};

/// One op that ran. `attributes` holds the op's own plain struct.
struct Record {
  static constexpr size_t kAttributeBytes = 160;
  OpKind kind{};
  std::array<int32_t, 2> inputs{-1, -1};
  std::array<int32_t, 2> outputs{-1, -1};
  std::array<Saved, 5> saved;
  std::array<Parameter*, 2> parameters{};
  const Weight* weight = nullptr;
  alignas(16) std::array<std::byte, kAttributeBytes> attributes;

  template <typename T>
  void set(const T& value) {
    static_assert(sizeof(T) <= kAttributeBytes && std::is_trivially_copyable_v<T>);
    std::memcpy(attributes.data(), &value, sizeof(T));
  }
  template <typename T>
  T get() const {
    static_assert(sizeof(T) <= kAttributeBytes && std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, attributes.data(), sizeof(T));
    return value;
  }
};

/// What the tape knows of an op. A table of these (op_table) is walked by the tests.
struct Op {
  OpKind kind;
  const char* name;
  /// Takes the gradients of its outputs from the tape, gives gradients to its inputs and parameters.
  void (*backward)(Context& context, Tape& tape, Record& record);
  /// Makes its (first) output again from what it saved; null: the output is always kept.
  Tensor (*recompute)(Context& context, Tape& tape, Record& record);
};

const Op& op_info(OpKind kind);
/// All ops in the order of OpKind.
const std::vector<Op>& op_table();

class Tape {
 public:
  /// Adds a record; the reference holds until the next call.
  Record& push(OpKind kind);
  /// A fresh activation number.
  int32_t new_id();
  /// A Var on the tape, made by the record being built (for recomputation).
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

  /// Runs all records from the last down to `from`, and forgets them.
  void backward(Context& context, size_t from = 0);
  void clear();
  size_t size() const { return count_; }
  Record& top() { return records_[count_ - 1]; }

 private:
  std::vector<Record> records_;  // the first count_ are live; the rest are kept for their memory
  size_t count_ = 0;
  std::vector<Tensor> grads_;
  std::vector<int32_t> maker_;  // record that made each activation
};

}  // namespace malmoi::autograd
