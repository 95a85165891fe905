// Lion (Chen et al. 2023): p -= lr (sign(b1 m + (1 - b1) g) + decay p); m = b2 m + (1 - b2) g.
#include "train/optimizers/simple.h"

namespace malmoi::train {
namespace {

class LionRule {
 public:
  LionRule(const OptimizerConfig& c, const UpdateArgs& args, bool decay)
      : lr_(static_cast<float>(args.lr)),
        b1_(static_cast<float>(c.beta1)),
        b2_(static_cast<float>(c.beta2)),
        decay_(decay ? static_cast<float>(c.weight_decay) : 0) {}
  float operator()(float p, float g, float& m) const {
    float direction = b1_ * m + (1 - b1_) * g;
    m = b2_ * m + (1 - b2_) * g;
    float sign = direction > 0 ? 1.f : direction < 0 ? -1.f : 0.f;
    return p - lr_ * (sign + decay_ * p);
  }

 private:
  float lr_, b1_, b2_, decay_;
};

}  // namespace

std::unique_ptr<Optimizer> make_lion(const OptimizerConfig& config, std::vector<Parameter*> parameters) {
  return std::make_unique<SimpleOptimizer<LionRule>>(config, std::move(parameters), "m");
}

}  // namespace malmoi::train
