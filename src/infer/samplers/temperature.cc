// Temperature (Ackley et al. 1985): probabilities are softmax(l / T). 0: the most probable token alone.
#include "infer/samplers/step.h"

namespace malmoi::infer {
namespace {

class Temperature : public CopyableStep<Temperature> {
 public:
  explicit Temperature(double t) : t_(t) {}
  void apply(Candidates& candidates) override { candidates.weigh(t_); }

 private:
  double t_;
};

// Always: logits become weights here.
std::unique_ptr<SamplerStep> make_temperature(const SamplingOptions& options) {
  return std::make_unique<Temperature>(options.temperature);
}

}  // namespace

extern const SamplerEntry temperature_sampler{.name = "temperature", .make = make_temperature};

}  // namespace malmoi::infer
