// XTC, "exclude top choices" (p-e-w, text-generation-webui PR 6335, 2024): in a share xtc_probability of the draws, where
// several tokens have at least the probability xtc_threshold, all of these but the least probable one are left out.
#include "base/rng.h"
#include "infer/samplers/step.h"

namespace malmoi::infer {
namespace {

constexpr uint64_t kStream = 0x787463;  // of its own, so that the draws are those without it

class Xtc : public CopyableStep<Xtc> {
 public:
  explicit Xtc(const SamplingOptions& options)
      : probability_(options.xtc_probability), threshold_(options.xtc_threshold), rng_(options.seed, kStream) {}
  void apply(Candidates& candidates) override {
    const bool now = rng_.uniform() < probability_;  // drawn always: the n-th draw is the n-th
    const double least = threshold_ * candidates.total();
    size_t reach = 0;
    int32_t spared = -1;
    for (size_t i = 0; i < candidates.size(); ++i) {
      const int32_t id = candidates.id_at(i);
      const double weight = candidates.weight(id);
      // One without any weight, as rules forbid it, is never the one that stays.
      if (!(weight >= least && weight > 0)) continue;
      ++reach;
      if (spared < 0 || candidates.better(spared, id)) spared = id;
    }
    if (reach < 2) return;
    candidates.exclude({.probability = probability_, .least_weight = least, .spared = spared, .now = now});
  }

 private:
  double probability_, threshold_;
  Rng rng_;
};

std::unique_ptr<SamplerStep> make_xtc(const SamplingOptions& options) {
  return options.xtc_probability > 0 ? std::make_unique<Xtc>(options) : nullptr;
}

}  // namespace

extern const SamplerEntry xtc_sampler{.name = "xtc", .make = make_xtc, .truncates = true};

}  // namespace malmoi::infer
