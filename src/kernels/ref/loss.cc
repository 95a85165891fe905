// Oracle of softmax cross-entropy, of distillation, and of their gradients.
#include <algorithm>
#include <vector>

#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

double capped_logit(double x, double scale, double cap) {
  return cap > 0 ? cap * std::tanh(x * scale / cap) : x * scale;
}

// Of the cap, where it gives z.
double slope_of_cap(double z, double cap) { return cap > 0 ? 1 - z / cap * (z / cap) : 1; }

double log_sum_exp(const std::vector<double>& z, double scale) {
  const double top = *std::max_element(z.begin(), z.end()) * scale;
  double total = 0;
  for (double x : z) total += std::exp(x * scale - top);
  return top + std::log(total);
}

template <typename T>
void row(const CrossEntropyArgs& a, int64_t r, std::vector<double>& z) {
  T* logits = as<T>(a.logits) + r * a.cols;
  double cap = static_cast<double>(a.softcap), smoothing = static_cast<double>(a.label_smoothing);
  double z_weight = static_cast<double>(a.z_weight), n = static_cast<double>(a.cols);
  double sum = 0;
  for (int64_t c = 0; c < a.cols; ++c) {
    z[static_cast<size_t>(c)] = capped_logit(get(logits[c]), static_cast<double>(a.logit_scale), cap);
    sum += z[static_cast<size_t>(c)];
  }
  const double top = *std::max_element(z.begin(), z.end()), lse = log_sum_exp(z, 1);
  int64_t target = a.targets[r];
  double loss = lse - (1 - smoothing) * z[static_cast<size_t>(target)] - smoothing * sum / n + z_weight * lse * lse;
  const double weight = a.target_weights ? static_cast<double>(a.target_weights[target]) : 1;
  if (a.loss) a.loss[r] = static_cast<float>(weight * loss);
  if (a.correct) a.correct[r] = z[static_cast<size_t>(target)] >= top;
  if (!a.dlogits) return;
  const double scale = a.row_scale ? weight * static_cast<double>(a.row_scale[r]) : weight;
  for (int64_t c = 0; c < a.cols; ++c) {
    double zc = z[static_cast<size_t>(c)];
    double d = std::exp(zc - lse) * (1 + 2 * z_weight * lse) - smoothing / n - (c == target ? 1 - smoothing : 0);
    d *= slope_of_cap(zc, cap);
    put(logits[c], scale * d * static_cast<double>(a.loss_scale) * static_cast<double>(a.logit_scale));
  }
}

// D(q, p) of a row, given the logarithms of both, and its slope by p's logits.
struct RefDivergence {
  double value = 0;
  std::vector<double> slopes;
};
RefDivergence divergence_of(const std::vector<double>& log_q, const std::vector<double>& log_p, double mixture) {
  RefDivergence d;
  const double of_student = mixture < 1 ? 1 - mixture : 1;  // the weight of KL(p || m); of mixture 1 m is q
  double student = 0;                                       // KL(p || m)
  std::vector<double> log_ratio;                            // log(p / m)
  for (size_t c = 0; c < log_p.size(); ++c) {
    const double p = std::exp(log_p[c]), q = std::exp(log_q[c]);
    const double log_m = mixture < 1 ? std::log(mixture * q + (1 - mixture) * p) : log_q[c];
    log_ratio.push_back(p > 0 ? log_p[c] - log_m : 0);
    student += p * log_ratio.back();
    if (mixture == 0) d.value += q * (log_q[c] - log_p[c]);
    else if (mixture < 1 && q > 0) d.value += mixture * q * (log_q[c] - log_m);
  }
  if (mixture > 0) d.value += of_student * student;
  for (size_t c = 0; c < log_p.size(); ++c) {
    const double p = std::exp(log_p[c]);
    d.slopes.push_back(mixture == 0 ? p - std::exp(log_q[c]) : of_student * p * (log_ratio[c] - student));
  }
  return d;
}

template <typename T>
void distilled_row(const DistillationArgs& a, int64_t r) {
  T* logits = as<T>(a.logits) + r * a.cols;
  const double cap = static_cast<double>(a.softcap), scale = static_cast<double>(a.logit_scale);
  const double temperature = static_cast<double>(a.temperature), alpha = static_cast<double>(a.alpha);
  std::vector<double> z, t;
  for (int64_t c = 0; c < a.cols; ++c) {
    z.push_back(capped_logit(get(logits[c]), scale, cap));
    t.push_back(static_cast<double>(a.teacher[r * a.cols + c]));
  }
  const double plain = log_sum_exp(z, 1), cold = log_sum_exp(z, 1 / temperature),
               taught = log_sum_exp(t, 1 / temperature);
  const auto target = static_cast<size_t>(a.targets[r]);
  std::vector<double> log_q, log_p;
  for (size_t c = 0; c < z.size(); ++c) {
    log_q.push_back(t[c] / temperature - taught);
    log_p.push_back(z[c] / temperature - cold);
  }
  const RefDivergence soft = divergence_of(log_q, log_p, static_cast<double>(a.mixture));
  for (size_t c = 0; c < z.size() && a.dlogits; ++c) {
    double d = alpha * (std::exp(z[c] - plain) - (c == target ? 1 : 0)) + (1 - alpha) * temperature * soft.slopes[c];
    d *= slope_of_cap(z[c], cap);
    put(logits[c], d * static_cast<double>(a.loss_scale) * scale);
  }
  if (a.ce) a.ce[r] = static_cast<float>(plain - z[target]);
  if (a.divergence) a.divergence[r] = static_cast<float>(soft.value);
}

template <typename T>
void sampled_row(const SampledDistillationArgs& a, int64_t r) {
  T* logits = as<T>(a.logits) + r * a.cols;
  const double cap = static_cast<double>(a.softcap), scale = static_cast<double>(a.logit_scale);
  const double temperature = static_cast<double>(a.temperature), alpha = static_cast<double>(a.alpha);
  std::vector<double> z, shares(static_cast<size_t>(a.cols), 0);
  for (int64_t c = 0; c < a.cols; ++c) z.push_back(capped_logit(get(logits[c]), scale, cap));
  const double plain = log_sum_exp(z, 1), cold = log_sum_exp(z, 1 / temperature);
  double apart = static_cast<double>(a.known[r]);
  for (int64_t e = a.starts[r]; e < a.starts[r + 1]; ++e) {
    const auto id = static_cast<size_t>(a.ids[e]);
    shares[id] = static_cast<double>(a.shares[e]);
    apart -= shares[id] * (z[id] / temperature - cold);
  }
  const auto target = static_cast<size_t>(a.targets[r]);
  for (size_t c = 0; c < z.size() && a.dlogits; ++c) {
    double d = alpha * (std::exp(z[c] - plain) - (c == target ? 1 : 0)) +
               (1 - alpha) * temperature * (std::exp(z[c] / temperature - cold) - shares[c]);
    d *= slope_of_cap(z[c], cap);
    put(logits[c], d * static_cast<double>(a.loss_scale) * scale);
  }
  if (a.ce) a.ce[r] = static_cast<float>(plain - z[target]);
  if (a.divergence) a.divergence[r] = static_cast<float>(apart);
}

}  // namespace

void sampled_distillation(Stream&, const SampledDistillationArgs& a) {
  if (a.cols == 0) return;
  with_type(a.dtype, [&](auto zero) {
    for (int64_t r = 0; r < a.rows; ++r) sampled_row<decltype(zero)>(a, r);
  });
}

void distillation(Stream&, const DistillationArgs& a) {
  if (a.cols == 0) return;
  with_type(a.dtype, [&](auto zero) {
    for (int64_t r = 0; r < a.rows; ++r) distilled_row<decltype(zero)>(a, r);
  });
}

void cross_entropy(Stream&, const CrossEntropyArgs& a) {
  if (a.cols == 0) return;
  std::vector<double> z(static_cast<size_t>(a.cols));
  with_type(a.dtype, [&](auto zero) {
    for (int64_t r = 0; r < a.rows; ++r) row<decltype(zero)>(a, r, z);
  });
}

}  // namespace malmoi::kernels::ref
