// OpenAI's two penalties: from the logit of a token that was generated c > 0 times among the last n of the text,
// presence_penalty + c * frequency_penalty is taken. Tokens of the prompt do not count.
#include "infer/samplers/step.h"
#include "infer/samplers/token_window.h"

namespace malmoi::infer {
namespace {

class PresenceFrequency : public CopyableStep<PresenceFrequency> {
 public:
  explicit PresenceFrequency(const SamplingOptions& options)
      : presence_(options.presence_penalty), frequency_(options.frequency_penalty), window_(options.penalty_last_n) {}
  void observe(int32_t id, bool generated) override { window_.add(id, generated); }
  void apply(Candidates& candidates) override {
    std::span<float> logits = candidates.logits();
    window_.visit([&](size_t id, int32_t count) { logits[id] -= static_cast<float>(presence_ + frequency_ * count); });
  }

 private:
  double presence_, frequency_;
  TokenWindow window_;
};

std::unique_ptr<SamplerStep> make_presence_frequency(const SamplingOptions& options) {
  if (options.presence_penalty == 0 && options.frequency_penalty == 0) return nullptr;
  return std::make_unique<PresenceFrequency>(options);
}

}  // namespace

extern const SamplerEntry presence_frequency_sampler{.name = "presence_frequency", .make = make_presence_frequency};

}  // namespace malmoi::infer
