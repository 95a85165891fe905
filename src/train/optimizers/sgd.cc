// SGD with momentum (Sutskever et al. 2013, as published frameworks have it): g += decay p; v = mu v + g;
// p -= lr v, or with Nesterov's look-ahead p -= lr (g + mu v).
#include "train/optimizers/simple.h"

namespace malmoi::train {
namespace {

class SgdRule {
 public:
  SgdRule(const OptimizerConfig& c, const UpdateArgs& args, bool decay)
      : lr_(static_cast<float>(args.lr)),
        momentum_(static_cast<float>(c.momentum)),
        decay_(decay ? static_cast<float>(c.weight_decay) : 0),
        nesterov_(c.nesterov) {}
  float operator()(float p, float g, float& v) const {
    g += decay_ * p;
    v = momentum_ * v + g;
    return p - lr_ * (nesterov_ ? g + momentum_ * v : v);
  }

 private:
  float lr_, momentum_, decay_;
  bool nesterov_;
};

}  // namespace

std::unique_ptr<Optimizer> make_sgd(const OptimizerConfig& config, std::vector<Parameter*> parameters) {
  return std::make_unique<SimpleOptimizer<SgdRule>>(config, std::move(parameters), "v");
}

}  // namespace malmoi::train
