// Typical-p, locally typical sampling (Meister et al. 2022, equation 10): of the tokens left, with probabilities p and entropy
// H, those first whose surprise -log p is nearest to H; the fewest that reach typical_p stay. On ties the more probable
// token is first.
#include "infer/samplers/keep_share.h"
#include "infer/samplers/step.h"

namespace malmoi::infer {
namespace {

class TypicalP : public CopyableStep<TypicalP> {
 public:
  explicit TypicalP(double p) : p_(p) {}
  void apply(Candidates& candidates) override {
    if (candidates.size() < 2) return;
    const double total = candidates.total();
    if (!std::isfinite(total)) return;  // weights that are not numbers have no order
    // The surprise of a token is distance + log total; its difference to the mean of that is the one to the mean distance.
    double mean = 0;
    for (size_t i = 0; i < candidates.size(); ++i) {
      const double distance = candidates.distance(candidates.id_at(i)), weight = std::exp(-distance);
      if (weight > 0) mean += weight / total * distance;
    }
    auto shift = [&](int32_t id) { return std::abs(candidates.distance(id) - mean); };
    auto before = [&](int32_t a, int32_t b) {
      const double x = shift(a), y = shift(b);
      return x != y ? x < y : candidates.better(a, b);
    };
    keep_share(candidates, p_, before, shift);
  }

 private:
  double p_;
};

std::unique_ptr<SamplerStep> make_typical_p(const SamplingOptions& options) {
  return options.typical_p < 1 ? std::make_unique<TypicalP>(options.typical_p) : nullptr;
}

}  // namespace

extern const SamplerEntry typical_p_sampler{.name = "typical_p", .make = make_typical_p, .truncates = true};

}  // namespace malmoi::infer
