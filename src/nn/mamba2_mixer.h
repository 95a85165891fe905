// The mixer of Mamba-2 (Dao & Gu 2024): one product gives z, x, B, C and dt; a short convolution, a scan, a gate.
#pragma once

#include <array>
#include <functional>
#include <limits>
#include <vector>

#include "nn/batch.h"
#include "nn/linear.h"

namespace malmoi::nn {

/// How what comes out of the scan meets its gate z.
enum class MixerGate {
  kBeforeNorm,  // rmsnorm(y * silu(z)) (Mamba-2)
  kAfterNorm,   // rmsnorm(y) * silu(z)
  kAlone,       // y * silu(z)
};

struct Mamba2MixerSpec {
  int64_t width = 0, heads = 0, head_dim = 0, groups = 1, state_size = 0, taps = 4;
  bool in_bias = false, out_bias = false, conv_bias = true;
  MixerGate gate = MixerGate::kBeforeNorm;
  double norm_eps = 1e-5;
  double dt_min = 0, dt_max = std::numeric_limits<double>::infinity();
  double in_scale = 1;                               // a factor on what comes in
  std::array<double, 5> part_scales{1, 1, 1, 1, 1};  // on z, x, B, C, dt
  double out_std = -1;                               // of the projection out; negative: the declaration's
  std::function<void(uint64_t seed, float* values, int64_t n)> fill_dt_bias = {};  // how dt_bias starts; null: at one

  int64_t inner() const { return heads * head_dim; }
  int64_t group_states() const { return groups * state_size; }
  int64_t channels() const { return inner() + 2 * group_states(); }  // of the convolution: x, B and C
};

/// Two slots of states: the last inputs of the convolution, then the state of the scan.
class Mamba2Mixer {
 public:
  Mamba2Mixer() = default;
  Mamba2Mixer(const Declare& declare, const Mamba2MixerSpec& spec);
  Var operator()(Context& context, Var x, const Batch& batch, int64_t slot) const;
  static std::array<LayerState, 2> states(const Mamba2MixerSpec& spec);

 private:
  Var gated(Context& context, Var y, autograd::Columns z) const;

  Mamba2MixerSpec spec_;
  Linear in_, out_;
  Parameter *conv_ = nullptr, *conv_bias_ = nullptr, *a_log_ = nullptr, *d_ = nullptr, *dt_bias_ = nullptr,
            *norm_ = nullptr;
};

}  // namespace malmoi::nn
