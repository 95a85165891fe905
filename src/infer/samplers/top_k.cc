// Top-k (Fan et al. 2018): the k most probable tokens stay.
#include "infer/samplers/step.h"

namespace malmoi::infer {
namespace {

class TopK : public CopyableStep<TopK> {
 public:
  explicit TopK(int64_t k) : k_(static_cast<size_t>(k)) {}
  void apply(Candidates& candidates) override {
    if (k_ >= candidates.size()) return;
    candidates.order_best(k_);
    candidates.keep_first(k_);
  }

 private:
  size_t k_;
};

std::unique_ptr<SamplerStep> make_top_k(const SamplingOptions& options) {
  return options.top_k > 0 ? std::make_unique<TopK>(options.top_k) : nullptr;
}

}  // namespace

extern const SamplerEntry top_k_sampler{.name = "top_k", .make = make_top_k, .truncates = true};

}  // namespace malmoi::infer
