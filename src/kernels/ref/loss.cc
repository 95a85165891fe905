// Oracle of softmax cross-entropy and its gradient.
#include <algorithm>
#include <vector>

#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

template <typename T>
void row(const CrossEntropyArgs& a, int64_t r, std::vector<double>& z) {
  T* logits = as<T>(a.logits) + r * a.cols;
  double cap = static_cast<double>(a.softcap), smoothing = static_cast<double>(a.label_smoothing);
  double z_weight = static_cast<double>(a.z_weight), n = static_cast<double>(a.cols);
  double total = 0, sum = 0;
  for (int64_t c = 0; c < a.cols; ++c) {
    double x = get(logits[c]) * static_cast<double>(a.logit_scale);
    z[static_cast<size_t>(c)] = cap > 0 ? cap * std::tanh(x / cap) : x;
    sum += z[static_cast<size_t>(c)];
  }
  double top = *std::max_element(z.begin(), z.end());
  for (double x : z) total += std::exp(x - top);
  double lse = top + std::log(total);
  int64_t target = a.targets[r];
  double loss = lse - (1 - smoothing) * z[static_cast<size_t>(target)] - smoothing * sum / n + z_weight * lse * lse;
  const double weight = a.target_weights ? static_cast<double>(a.target_weights[target]) : 1;
  if (a.loss) a.loss[r] = static_cast<float>(weight * loss);
  if (a.correct) a.correct[r] = z[static_cast<size_t>(target)] >= top;
  if (!a.dlogits) return;
  for (int64_t c = 0; c < a.cols; ++c) {
    double zc = z[static_cast<size_t>(c)];
    double d = std::exp(zc - lse) * (1 + 2 * z_weight * lse) - smoothing / n - (c == target ? 1 - smoothing : 0);
    if (cap > 0) d *= 1 - zc / cap * (zc / cap);
    put(logits[c], weight * d * static_cast<double>(a.loss_scale) * static_cast<double>(a.logit_scale));
  }
}

}  // namespace

void cross_entropy(Stream&, const CrossEntropyArgs& a) {
  if (a.cols == 0) return;
  std::vector<double> z(static_cast<size_t>(a.cols));
  with_type(a.dtype, [&](auto zero) {
    for (int64_t r = 0; r < a.rows; ++r) row<decltype(zero)>(a, r, z);
  });
}

}  // namespace malmoi::kernels::ref
