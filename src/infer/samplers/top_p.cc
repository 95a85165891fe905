// Top-p, nucleus sampling (Holtzman et al. 2020): the fewest of the most probable tokens whose probabilities reach p stay.
#include "infer/samplers/keep_share.h"
#include "infer/samplers/step.h"

namespace malmoi::infer {
namespace {

class TopP : public CopyableStep<TopP> {
 public:
  explicit TopP(double p) : p_(p) {}
  void apply(Candidates& candidates) override {
    keep_share(
        candidates, p_, [&](int32_t a, int32_t b) { return candidates.better(a, b); },
        [&](int32_t id) { return candidates.distance(id); }, candidates.sorted());
    candidates.call_sorted();
  }

 private:
  double p_;
};

std::unique_ptr<SamplerStep> make_top_p(const SamplingOptions& options) {
  return options.top_p < 1 ? std::make_unique<TopP>(options.top_p) : nullptr;
}

}  // namespace

extern const SamplerEntry top_p_sampler{.name = "top_p", .make = make_top_p, .truncates = true};

}  // namespace malmoi::infer
