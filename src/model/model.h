// A language model: its parameters by their published names, and one forward pass for training and serving.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "nn/batch.h"
#include "nn/layers.h"

namespace malmoi::model {

using autograd::Context;
using autograd::Parameter;
using autograd::Var;

/// A published tensor that fills rows [row_begin, row_begin + rows) of a parameter.
struct ParameterSource {
  std::string name;
  int64_t row_begin = 0, rows = 0;
};

/// How a parameter is called, shaped, started and decayed. Fused products are one parameter with several sources.
struct ParameterSpec {
  std::string name;
  Shape shape;                           // [out, in] or [n]
  std::vector<ParameterSource> sources;  // empty: one source of the parameter's own name
  bool transposed = false;               // the file stores [in, out]
  double init_std = 0;                   // normal(0, std) if > 0
  float init_constant = 0;               // else this
};

/// What memory a model's parameters take.
enum class Purpose {
  kRehearsal,  // none: shapes alone
  kTraining,   // f32 master and gradient, and a bf16 copy of matrices where products are bf16
  kServing,    // one array of the compute type
};

/// The base of every family. A family's constructor reads its config and adds its parameters; `hidden` is its forward
/// pass. Const members may be called from one compute thread at a time.
class Model {
 public:
  virtual ~Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /// The last hidden states, after the final norm: [rows, hidden_size].
  virtual Var hidden(Context& context, const nn::Batch& batch) const = 0;
  /// What a sequence keeps for each position.
  virtual nn::StateSpec state_spec() const = 0;

  /// f32 logits [rows, vocab_size] of hidden states, for serving and scoring.
  Tensor logits(Context& context, const Tensor& hidden) const;
  /// The mean-able loss of hidden states; see autograd::head_loss.
  autograd::HeadLoss loss(Context& context, const Var& hidden, autograd::HeadLossOptions options) const;
  const autograd::Weight& head() const { return *head_; }

  const std::vector<std::unique_ptr<Parameter>>& parameters() const { return parameters_; }
  const std::vector<ParameterSpec>& specs() const { return specs_; }
  int64_t parameter_count() const;
  const std::string& architecture() const { return architecture_; }
  /// The published config, every field that changes a number filled in.
  const Json& config() const { return config_; }
  int64_t vocab_size() const { return vocab_size_; }
  int64_t hidden_size() const { return hidden_size_; }
  int64_t num_layers() const { return num_layers_; }
  int64_t max_positions() const { return max_positions_; }
  /// Multiply-adds times two of a forward and backward pass over one token, attention at `sequence_length` included.
  double training_flops_per_token(int64_t sequence_length) const;

  /// Takes the memory of all parameters. `dtype` is that of products.
  void allocate(Purpose purpose, DType dtype);
  DType dtype() const { return dtype_; }
  /// Fills the parameters as the family's authors did, from a seed.
  void initialize(uint64_t seed);
  /// Writes the compute copies from the masters.
  void refresh_compute();
  /// Keeps a mapped file alive as long as the model.
  void keep(std::shared_ptr<void> owner) { kept_.push_back(std::move(owner)); }

 protected:
  Model(std::string architecture, Json config) : architecture_(std::move(architecture)), config_(std::move(config)) {}
  Parameter* add(ParameterSpec spec);
  nn::Linear add_linear(ParameterSpec weight, Parameter* bias);

  int64_t vocab_size_ = 0, hidden_size_ = 0, num_layers_ = 0, max_positions_ = 0;
  int64_t attention_width_ = 0;  // heads * head_dim, for the cost of attention
  float logit_softcap_ = 0;
  std::unique_ptr<autograd::Weight> head_;

 private:
  std::string architecture_;
  Json config_;
  std::vector<ParameterSpec> specs_;
  std::vector<std::unique_ptr<Parameter>> parameters_;
  std::vector<std::shared_ptr<void>> kept_;
  DType dtype_ = DType::kF32;
};

}  // namespace malmoi::model
