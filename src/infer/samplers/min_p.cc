// Min-p (Nguyen et al. 2024): tokens of at least min_p times the largest probability of those left stay.
#include "infer/samplers/step.h"

namespace malmoi::infer {
namespace {

class MinP : public CopyableStep<MinP> {
 public:
  explicit MinP(double p) : p_(p) {}
  void apply(Candidates& candidates) override {
    const double least = p_ * candidates.largest_weight();
    candidates.keep_if([&](int32_t id) { return !(candidates.weight(id) < least); });
  }

 private:
  double p_;
};

std::unique_ptr<SamplerStep> make_min_p(const SamplingOptions& options) {
  return options.min_p > 0 ? std::make_unique<MinP>(options.min_p) : nullptr;
}

}  // namespace

extern const SamplerEntry min_p_sampler{.name = "min_p", .make = make_min_p, .truncates = true};

}  // namespace malmoi::infer
