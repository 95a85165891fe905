// OpenAI's logit_bias: a number is added to the logits of chosen tokens.
#include "infer/samplers/step.h"

namespace malmoi::infer {
namespace {

class LogitBias : public CopyableStep<LogitBias> {
 public:
  explicit LogitBias(const SamplingOptions& options) : bias_(options.logit_bias) {}
  void apply(Candidates& candidates) override {
    std::span<float> logits = candidates.logits();
    for (auto [id, bias] : bias_) {
      if (id >= 0 && static_cast<size_t>(id) < logits.size()) logits[static_cast<size_t>(id)] += bias;
    }
  }

 private:
  std::vector<std::pair<int32_t, float>> bias_;
};

std::unique_ptr<SamplerStep> make_logit_bias(const SamplingOptions& options) {
  return options.logit_bias.empty() ? nullptr : std::make_unique<LogitBias>(options);
}

}  // namespace

extern const SamplerEntry logit_bias_sampler{.name = "logit_bias", .make = make_logit_bias};

}  // namespace malmoi::infer
