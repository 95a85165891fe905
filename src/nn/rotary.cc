#include "nn/rotary.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace malmoi::nn {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;

std::vector<double> plain_frequencies(double theta, int64_t dim) {
  std::vector<double> f(static_cast<size_t>(dim / 2));
  for (size_t i = 0; i < f.size(); ++i)
    f[i] = 1.0 / std::pow(theta, static_cast<double>(2 * i) / static_cast<double>(dim));
  return f;
}

// Llama 3.1: low frequencies are divided, high ones kept, those between blended.
void scale_llama3(const RotaryConfig& c, std::vector<double>& frequencies) {
  double original = static_cast<double>(c.original_length());
  double low_wavelength = original / c.low_freq_factor, high_wavelength = original / c.high_freq_factor;
  for (double& f : frequencies) {
    double wavelength = kTwoPi / f;
    if (wavelength > low_wavelength) {
      f /= c.factor;
    } else if (wavelength >= high_wavelength) {
      double smooth = (original / wavelength - c.low_freq_factor) / (c.high_freq_factor - c.low_freq_factor);
      f = (1 - smooth) * f / c.factor + smooth * f;
    }
  }
}

// YaRN (Peng et al. 2023): a ramp over dimensions between interpolated and kept frequencies.
double scale_yarn(const RotaryConfig& c, std::vector<double>& frequencies) {
  double original = static_cast<double>(c.original_length());
  double dim = static_cast<double>(c.rotary_dim);
  auto correction = [&](double rotations) {
    return dim * std::log(original / (rotations * kTwoPi)) / (2 * std::log(c.theta));
  };
  double low = correction(c.beta_fast), high = correction(c.beta_slow);
  if (c.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, dim - 1);
  if (low == high) high += 0.001;
  for (size_t i = 0; i < frequencies.size(); ++i) {
    double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    frequencies[i] = frequencies[i] / c.factor * ramp + frequencies[i] * (1 - ramp);
  }
  if (c.attention_factor > 0) return c.attention_factor;
  if (c.mscale > 0 && c.mscale_all_dim > 0)
    return yarn_mscale(c.factor, c.mscale) / yarn_mscale(c.factor, c.mscale_all_dim);
  return yarn_mscale(c.factor, 1);
}

// LongRoPE: divisors that were found by search, one set for each kind of texts.
double scale_longrope(const RotaryConfig& c, int64_t text_length, std::vector<double>& frequencies) {
  const std::vector<double>& divisors = text_length > c.original_length() ? c.long_factor : c.short_factor;
  for (size_t i = 0; i < frequencies.size(); ++i) frequencies[i] /= divisors[i];
  if (c.attention_factor > 0) return c.attention_factor;
  return c.factor <= 1 ? 1.0 : std::sqrt(1 + std::log(c.factor) / std::log(static_cast<double>(c.original_length())));
}

}  // namespace

double yarn_mscale(double factor, double mscale) { return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0; }

std::vector<double> Rotary::inverse_frequencies(int64_t length, double& attention_factor) const {
  const RotaryConfig& c = config_;
  attention_factor = 1;
  double theta = c.theta, dim = static_cast<double>(c.rotary_dim);
  if (c.scaling == RotaryScaling::kDynamic && length > c.max_position_embeddings) {
    double ratio = static_cast<double>(length) / static_cast<double>(c.max_position_embeddings);
    theta *= std::pow(c.factor * ratio - (c.factor - 1), dim / (dim - 2));
  }
  std::vector<double> frequencies = plain_frequencies(theta, c.rotary_dim);
  switch (c.scaling) {
    case RotaryScaling::kDefault:
    case RotaryScaling::kDynamic: break;
    case RotaryScaling::kLinear:
      for (double& f : frequencies) f /= c.factor;
      break;
    case RotaryScaling::kLlama3: scale_llama3(c, frequencies); break;
    case RotaryScaling::kYarn: attention_factor = scale_yarn(c, frequencies); break;
    case RotaryScaling::kLongRope: attention_factor = scale_longrope(c, length, frequencies); break;
  }
  return frequencies;
}

// Appends the angles of positions 0 .. rows - 1 of a text of that length.
void Rotary::add_table(int64_t rows, int64_t text_length) {
  double factor = 1;
  std::vector<double> frequencies = inverse_frequencies(text_length, factor);
  size_t half = frequencies.size(), begin = cos_.size();
  cos_.resize(begin + static_cast<size_t>(rows) * half);
  sin_.resize(cos_.size());
  for (size_t p = 0; p < static_cast<size_t>(rows); ++p) {
    for (size_t i = 0; i < half; ++i) {
      // The reference multiplies in f32; the difference is below its own rounding.
      double angle = static_cast<double>(p) * frequencies[i];
      cos_[begin + p * half + i] = static_cast<float>(std::cos(angle) * factor);
      sin_[begin + p * half + i] = static_cast<float>(std::sin(angle) * factor);
    }
  }
}

void Rotary::prepare(int64_t max_position) {
  int64_t length = max_position + 1, text_length = length;
  bool dynamic = config_.scaling == RotaryScaling::kDynamic;
  int64_t frequencies_length = dynamic ? std::max(length, config_.max_position_embeddings) : 0;
  if (length <= positions_ && frequencies_length == frequencies_length_) return;
  if (frequencies_length == frequencies_length_ && !dynamic) length = std::max(length, 2 * positions_);
  positions_ = length;
  frequencies_length_ = frequencies_length;
  cos_.clear();
  sin_.clear();
  int64_t switch_length = config_.switch_length();
  if (switch_length == 0) return add_table(length, text_length);
  // A position may belong to a long text of which only the beginning is read.
  long_rows_ = std::min(length, switch_length);
  add_table(long_rows_, switch_length);
  add_table(length, switch_length + 1);
}

}  // namespace malmoi::nn
