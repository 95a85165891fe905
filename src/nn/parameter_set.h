// The parameters of a model: declared by its modules with their published names, bound to weights when a file is opened.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "autograd/parameter.h"
#include "autograd/weight.h"

namespace malmoi::nn {

using autograd::Parameter;
using autograd::Role;

/// How a published tensor lies, compared with the rows of ours.
struct Layout {
  enum Kind : uint8_t {
    kAsIs,
    kTransposed,        // the file stores [in, out]
    kHeadsInterleaved,  // rows of q, k and v alternate by head: [heads][group of q | k | v][head_dim] (GPT-NeoX, Falcon)
    kRotaryPermuted,    // halves of each head's rows are interleaved (Llama in GGUF)
    kPartsInterleaved,  // rows of several parts alternate by head: [heads][part 0's rows of a head | part 1's | ...]
    kTaps,  // the file has a dimension more: [out, in, taps] of a convolution, whose columns here are in * taps
  } kind = kAsIs;
  int64_t heads = 0;                  // of those by heads; where q, k and v alternate those of k; taps of kTaps
  int64_t group = 1;                  // heads of q beside each of k
  std::array<int64_t, 4> parts = {};  // kPartsInterleaved: rows of each part in one head
};

/// A published tensor that fills rows [row_begin, row_begin + rows) of a parameter seen as [elements / columns, columns].
struct Source {
  std::string name;
  int64_t row_begin = 0, rows = 0;
  Layout layout = {};
  double std = -1;  // its rows start from this instead of the parameter's; negative: from that
};

/// How a parameter starts: normal(0, std) if std > 0, else `constant`; or as `fill` says.
struct Init {
  double std = 0;
  float constant = 0;
  std::function<void(uint64_t seed, float* values, int64_t n)> fill = {};
};

/// A parameter before it has memory. Fused products are one parameter with several sources.
struct ParameterSpec {
  std::string name;
  Shape shape;
  Role role = Role::kVector;
  Init init = {};
  std::vector<Source> sources = {};  // empty: one of the parameter's own name
  bool fixed = false;                // a table that nothing trains; where a file leaves it out, it is as `init` says
};

/// What memory a model's parameters take.
enum class Purpose : uint8_t {
  kRehearsal,  // none: shapes alone
  kTraining,  // f32 master and gradient, and a bf16 copy of matrices where products are bf16; frozen ones the copy alone
  kServing,   // one array of the compute type
};

/// A matrix that products read, of whatever kind a file gave it: dense unless something else was bound; adapters wrap it.
class WeightSlot {
 public:
  /// `index`: of the matrix, where the parameter is a stack of several.
  explicit WeightSlot(Parameter& parameter, int64_t index = 0);
  const autograd::Weight& operator*() const { return *weight_; }
  const autograd::Weight* operator->() const { return weight_.get(); }
  /// Takes the place of the dense weight (quantised, sharded ...).
  void bind(std::unique_ptr<autograd::Weight> weight) { weight_ = std::move(weight); }
  /// Puts another weight around what is there (an adapter).
  using Wrap = std::function<std::unique_ptr<autograd::Weight>(std::unique_ptr<autograd::Weight>)>;
  void wrap(const Wrap& wrap) { weight_ = wrap(std::move(weight_)); }
  Parameter& parameter() const { return *parameter_; }

 private:
  Parameter* parameter_;
  std::unique_ptr<autograd::Weight> weight_;
};

/// What row `row` of a parameter, seen as rows, is once a format of fewer bits has stored it. Any thread.
using RoundRow = std::function<void(int64_t row, std::span<const float> values, std::span<float> rounded)>;

/// All parameters of a model, in the order of their declaration. Addresses hold.
class ParameterSet {
 public:
  /// A source as its file has it; the model keeps the file.
  struct Original {
    std::span<const std::byte> bytes;
    DType type = DType::kF32;
  };
  struct Entry {
    ParameterSpec spec;
    Parameter parameter;
    std::vector<std::unique_ptr<WeightSlot>> slots;  // one, or one for each matrix of a stack; none: read as it lies
    // Of each source, where there is no master and the compute copy may be rounded: what is not trained is written as it was.
    std::vector<Original> originals;
    RoundRow round = {};  // quantisation-aware training: what products read of the master; none: the master itself

    /// Memory that its values take when it serves.
    size_t bytes() const;
  };

  Parameter* add(ParameterSpec spec);
  WeightSlot* add_weight(ParameterSpec spec);
  /// A stack of matrices [count, out, in].
  std::vector<WeightSlot*> add_weights(ParameterSpec spec);

  /// Gives a parameter of one published tensor another name, and that tensor too.
  void rename(const Parameter& parameter, const std::string& name);
  /// Forgets a parameter that was declared and is not wanted after all.
  void remove(const Parameter& parameter);

  std::vector<std::unique_ptr<Entry>>& entries() { return entries_; }
  const std::vector<std::unique_ptr<Entry>>& entries() const { return entries_; }
  int64_t count() const;

  /// Takes the memory of all parameters. `dtype` is that of products.
  void allocate(Purpose purpose, DType dtype);
  DType dtype() const { return dtype_; }
  /// The type that kernels read a parameter in: vectors in f32 whatever the products' type.
  DType compute_type(const Parameter& parameter) const;
  /// Fills the masters as the family's authors did, from a seed.
  void initialize(uint64_t seed);
  /// The same of the named parameter alone (a new head).
  void initialize(Entry& entry, uint64_t seed);
  /// Writes the compute copies from the masters.
  void refresh_compute();
  /// From here on products read entries that have `round` rounded: gradients go to the masters as if nothing were between.
  /// Where products are f32 these take a compute copy of their own. allocate() ends it.
  void begin_rounding();
  /// Rounds them anew, since their masters have changed; nothing before begin_rounding().
  void refresh_rounded();

 private:
  std::vector<std::unique_ptr<Entry>> entries_;
  DType dtype_ = DType::kF32;
  bool rounding_ = false;
};

}  // namespace malmoi::nn
