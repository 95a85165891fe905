// Rotary position embeddings and their published scalings: tables of cosines and sines by position.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "base/error.h"

namespace malmoi::nn {

enum class RotaryScaling { kDefault, kLinear, kDynamic, kLlama3, kYarn, kLongRope };

/// As in published configs (`rope_scaling`, or `rope_parameters` of newer ones).
struct RotaryConfig {
  int64_t rotary_dim = 0;    // of each head; the rest is not rotated
  bool interleaved = false;  // pairs are neighbours, not halves
  double theta = 10000;
  RotaryScaling scaling = RotaryScaling::kDefault;
  double factor = 1;
  int64_t max_position_embeddings = 2048;
  // llama3
  double low_freq_factor = 1, high_freq_factor = 4;
  // llama3, yarn and longrope: the length the model was first trained at; 0: max_position_embeddings
  int64_t original_max_position_embeddings = 0;
  // yarn (Peng et al. 2023)
  double beta_fast = 32, beta_slow = 1;
  double attention_factor = 0;  // and of longrope; 0: from factor and mscale
  double mscale = 0, mscale_all_dim = 0;
  bool truncate = true;
  // longrope (Ding et al. 2024): what each frequency is divided by, in texts up to the original length and in longer ones
  std::vector<double> short_factor, long_factor;

  int64_t original_length() const {
    return original_max_position_embeddings > 0 ? original_max_position_embeddings : max_position_embeddings;
  }
  /// Longer texts than this are rotated otherwise, all of their positions; 0: all texts are rotated alike.
  int64_t switch_length() const {
    return scaling == RotaryScaling::kLongRope && short_factor != long_factor ? original_length() : 0;
  }
};

/// YaRN's factor on cosines and sines where the context is `factor` times the one a model was first trained at.
double yarn_mscale(double factor, double mscale);

/// Tables [positions, rotary_dim / 2]. cos and sin carry the attention factor of yarn and longrope. Grows as positions are asked for;
/// under dynamic scaling a longer text has other frequencies, so the tables are of the longest position asked for, as the
/// reference implementation has it. Under longrope both kinds of texts have tables, one behind the other, and a row's text
/// chooses. One thread at a time.
class Rotary {
 public:
  explicit Rotary(const RotaryConfig& config) : config_(config) {}
  /// Makes sure that positions 0..max_position are there.
  void prepare(int64_t max_position);
  const float* cos() const { return cos_.data(); }
  const float* sin() const { return sin_.data(); }
  const RotaryConfig& config() const { return config_; }
  /// For the first `heads` heads of rows at these positions, which prepare() has seen.
  /// `text_lengths`: of the text of each row, for scalings that ask for it.
  autograd::RotaryOptions options(int64_t heads, int64_t head_dim, std::span<const int32_t> positions,
                                  std::span<const int32_t> text_lengths) const {
    return {.heads = heads,
            .head_dim = head_dim,
            .rotary_dim = config_.rotary_dim,
            .interleaved = config_.interleaved,
            .positions = positions.data(),
            .cos = cos(),
            .sin = sin(),
            .long_texts = {long_rows_ > 0 ? text_lengths.data() : nullptr, config_.switch_length(), long_rows_}};
  }
  /// Inverse frequencies for a text of `length` positions, and the factor on cosines and sines.
  std::vector<double> inverse_frequencies(int64_t length, double& attention_factor) const;

 private:
  void add_table(int64_t rows, int64_t text_length);
  RotaryConfig config_;
  int64_t positions_ = 0;
  int64_t frequencies_length_ = -1;  // dynamic: the length that the tables are for
  int64_t long_rows_ = 0;            // longrope: where the table of long texts begins
  std::vector<float> cos_, sin_;
};

}  // namespace malmoi::nn
