// Top-n-sigma (Tang et al. 2024, "Top-nsigma: Not All Logits Are You Need", algorithm 1): tokens with l >= max l - n * sigma
// stay, sigma the standard deviation of all logits. Both sides grow alike with 1 / temperature. Logits of -inf, which rules
// forbid, are not part of sigma.
#include <limits>

#include "infer/samplers/step.h"

namespace malmoi::infer {
namespace {

class TopNSigma : public CopyableStep<TopNSigma> {
 public:
  explicit TopNSigma(double n) : n_(n) {}
  void apply(Candidates& candidates) override {
    std::span<float> logits = candidates.logits();
    double count = 0, sum = 0, largest = -std::numeric_limits<double>::infinity();
    for (float x : logits) {
      if (!std::isfinite(x)) continue;
      ++count;
      sum += static_cast<double>(x);
      largest = std::max(largest, static_cast<double>(x));
    }
    if (count == 0) return;
    double squares = 0;
    for (float x : logits) {
      const double off = static_cast<double>(x) - sum / count;
      squares += std::isfinite(x) ? off * off : 0;
    }
    const double least = largest - n_ * std::sqrt(squares / count);
    for (float& x : logits) x = static_cast<double>(x) < least ? -std::numeric_limits<float>::infinity() : x;
  }

 private:
  double n_;
};

std::unique_ptr<SamplerStep> make_top_n_sigma(const SamplingOptions& options) {
  return options.top_n_sigma > 0 ? std::make_unique<TopNSigma>(options.top_n_sigma) : nullptr;
}

}  // namespace

extern const SamplerEntry top_n_sigma_sampler{.name = "top_n_sigma", .make = make_top_n_sigma, .truncates = true};

}  // namespace malmoi::infer
