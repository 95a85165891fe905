// The layer of the gated delta rule (Yang, Kautz & Hatamizadeh 2024), as Qwen3-Next has it: a recurrence that corrects what its
// state holds for a key.
#pragma once

#include <array>

#include "nn/batch.h"
#include "nn/linear.h"

namespace malmoi::nn {

struct GatedDeltaNetSpec {
  int64_t width = 0, heads = 0, value_dim = 0, key_heads = 0, key_dim = 0, taps = 4;
  double norm_eps = 1e-6;

  int64_t keys() const { return key_heads * key_dim; }
  int64_t values() const { return heads * value_dim; }
  int64_t channels() const { return 2 * keys() + values(); }  // of the convolution: q, k and v
};

/// Two slots of states: the last inputs of the convolution, then the state of the rule.
class GatedDeltaNet {
 public:
  GatedDeltaNet() = default;
  GatedDeltaNet(const Declare& declare, const GatedDeltaNetSpec& spec);
  Var operator()(Context& context, Var x, const Batch& batch, int64_t slot) const;
  static std::array<LayerState, 2> states(const GatedDeltaNetSpec& spec);

 private:
  GatedDeltaNetSpec spec_;
  Linear in_, out_;
  Parameter *conv_ = nullptr, *a_log_ = nullptr, *dt_bias_ = nullptr, *norm_ = nullptr;
};

}  // namespace malmoi::nn
