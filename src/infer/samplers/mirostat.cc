// Mirostat (Basu et al. 2021, "Mirostat: a neural text decoding algorithm that directly controls perplexity"): the surprise
// S = -log2 p of what is drawn is kept near tau. Before a draw those stay whose surprise is at most mu (version 2), or the k
// most probable, with k from mu and the Zipf exponent s of the distribution (version 1, algorithm 1):
//   s = sum t_i b_i / sum t_i^2 over the best m = 100, t_i = log((i + 1) / i), b_i = log(p_i / p_{i+1}),
//   k = (e 2^mu / (1 - N^-e))^(1 / s), e = s - 1, N the size of the vocabulary.
// After it mu <- mu - eta (S - tau), from mu = 2 tau on. p is the probability before the cut, as in the paper, so that tau is
// the surprise of the text; llama.cpp takes it from after the cut.
#include "infer/samplers/step.h"

namespace malmoi::infer {
namespace {

constexpr size_t kForExponent = 100;

class Mirostat : public CopyableStep<Mirostat> {
 public:
  explicit Mirostat(const SamplingOptions& options)
      : version_(options.mirostat), tau_(options.mirostat_tau), eta_(options.mirostat_eta), mu_(2 * tau_) {}
  void apply(Candidates& candidates) override {
    total_ = candidates.total();
    if (candidates.size() < 2) return;
    if (version_ == 1) return keep_by_exponent(candidates);
    // At least the best, of weight 1.
    const double least = std::min(total_ * std::exp2(-mu_), 1.0);
    candidates.keep_if([&](int32_t id) { return candidates.weight(id) >= least; });
  }
  void drawn(const Candidates& candidates, int32_t id) override {
    const double surprise = std::log2(total_) - std::log2(candidates.weight(id));
    if (std::isfinite(surprise)) mu_ -= eta_ * (surprise - tau_);
  }

 private:
  void keep_by_exponent(Candidates& candidates) const {
    candidates.order_best(kForExponent);
    const double k = std::floor(count_for(exponent(candidates), static_cast<double>(candidates.vocab_size())));
    const auto all = static_cast<double>(candidates.size());
    const auto count = static_cast<size_t>(std::isnan(k) ? all : std::clamp(k, 1.0, all));
    candidates.order_best(count);
    candidates.keep_first(count);
  }
  static double exponent(const Candidates& candidates) {
    double products = 0, squares = 0;
    for (size_t i = 1; i < std::min(kForExponent, candidates.size()); ++i) {
      const double b = candidates.distance(candidates.id_at(i)) - candidates.distance(candidates.id_at(i - 1));
      if (!std::isfinite(b)) break;
      const double t = std::log(static_cast<double>(i + 1) / static_cast<double>(i));
      products += t * b;
      squares += t * t;
    }
    return products / squares;
  }
  double count_for(double s, double vocab_size) const {
    constexpr double kNearOne = 1e-9;
    const double e = s - 1;
    const double sum = std::abs(e) < kNearOne ? 1 / std::log(vocab_size) : e / (1 - std::pow(vocab_size, -e));
    return std::pow(sum * std::exp2(mu_), 1 / s);
  }

  int64_t version_;
  double tau_, eta_, mu_;
  double total_ = 0;  // of all weights of the draw under way
};

std::unique_ptr<SamplerStep> make_mirostat(const SamplingOptions& options) {
  return options.mirostat > 0 ? std::make_unique<Mirostat>(options) : nullptr;
}

}  // namespace

extern const SamplerEntry mirostat_sampler{.name = "mirostat", .make = make_mirostat};

}  // namespace malmoi::infer
