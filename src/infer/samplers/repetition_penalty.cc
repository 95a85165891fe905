// Keskar et al. 2019 (CTRL, section 4.1): the logit of a token that stands among the last n of the text, prompt and all,
// becomes l / r if positive, l * r if not: what was negative would become likelier by a division.
#include "infer/samplers/step.h"
#include "infer/samplers/token_window.h"

namespace malmoi::infer {
namespace {

class RepetitionPenalty : public CopyableStep<RepetitionPenalty> {
 public:
  explicit RepetitionPenalty(const SamplingOptions& options)
      : r_(static_cast<float>(options.repetition_penalty)), window_(options.penalty_last_n) {}
  void observe(int32_t id, bool) override { window_.add(id, true); }
  void apply(Candidates& candidates) override {
    std::span<float> logits = candidates.logits();
    window_.visit([&](size_t id, int32_t) { logits[id] = logits[id] > 0 ? logits[id] / r_ : logits[id] * r_; });
  }

 private:
  float r_;
  TokenWindow window_;
};

std::unique_ptr<SamplerStep> make_repetition_penalty(const SamplingOptions& options) {
  if (options.repetition_penalty == 1) return nullptr;
  return std::make_unique<RepetitionPenalty>(options);
}

}  // namespace

extern const SamplerEntry repetition_penalty_sampler{.name = "repetition_penalty", .make = make_repetition_penalty};

}  // namespace malmoi::infer
