#include "autograd/router_balance.h"

#include <algorithm>

namespace malmoi::autograd {

void RouterBalance::begin(std::span<const uint8_t> counted) {
  counted_ = counted;
  std::fill(probabilities_.begin(), probabilities_.end(), 0.0);
  std::fill(choices_.begin(), choices_.end(), 0.0);
  rows_ = 0;
  counting = true;
  wanted_ = false;
}

void RouterBalance::add(const void* probability_sums, DType type, std::span<const int32_t> choices, int64_t rows) {
  probabilities_.resize(choices.size());
  choices_.resize(choices.size());
  for (size_t e = 0; e < choices.size(); ++e) {
    probabilities_[e] += type == DType::kF64 ? static_cast<const double*>(probability_sums)[e]
                                             : static_cast<double>(static_cast<const float*>(probability_sums)[e]);
    choices_[e] += choices[e];
  }
  rows_ += counted_.empty()
               ? static_cast<double>(rows)
               : static_cast<double>(std::count_if(counted_.begin(), counted_.end(), [](uint8_t c) { return c != 0; }));
}

double RouterBalance::loss(double scale) {
  double experts = static_cast<double>(choices_.size()), sum = 0;
  gradient_.assign(choices_.size(), 0.0);
  for (size_t e = 0; rows_ > 0 && e < choices_.size(); ++e) {
    double chosen = choices_[e] / rows_;
    sum += chosen * probabilities_[e] / rows_;
    gradient_[e] = scale * experts * chosen / rows_;
  }
  gradient_f32_.assign(gradient_.begin(), gradient_.end());
  wanted_ = true;
  return experts * sum;
}

const void* RouterBalance::gradient(DType type) const {
  if (!wanted_) return nullptr;
  return type == DType::kF64 ? static_cast<const void*>(gradient_.data()) : gradient_f32_.data();
}

}  // namespace malmoi::autograd
