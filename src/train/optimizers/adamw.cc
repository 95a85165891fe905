// AdamW (Loshchilov & Hutter 2019): clipping, moments, decay, update and the bf16 copy in one pass over memory.
#include "train/optimizers/adamw.h"

#include <cmath>

#include "kernels/kernels.h"

namespace malmoi::train {

AdamWState::AdamWState(Parameter& p)
    : parameter(&p), m(Tensor::zeros(DType::kF32, p.shape)), v(Tensor::zeros(DType::kF32, p.shape)) {}

void AdamWState::update(const OptimizerConfig& c, const UpdateArgs& args, double lr) {
  Parameter& p = *parameter;
  auto t = static_cast<double>(args.update);
  kernels::kernels().adamw({.n = p.master.elements(),
                            .p = p.master.as<float>(),
                            .g = p.grad.as<float>(),
                            .m = m.as<float>(),
                            .v = v.as<float>(),
                            .copy = p.compute.dtype() == DType::kBF16 ? p.compute.as<BF16>() : nullptr,
                            .grad_scale = static_cast<float>(args.grad_scale),
                            .lr = static_cast<float>(lr),
                            .beta1 = static_cast<float>(c.beta1),
                            .beta2 = static_cast<float>(c.beta2),
                            .eps = static_cast<float>(c.eps),
                            .weight_decay = static_cast<float>(p.decay ? c.weight_decay : 0),
                            .bias1 = static_cast<float>(1 - std::pow(c.beta1, t)),
                            .bias2 = static_cast<float>(1 - std::pow(c.beta2, t))});
}

namespace {

class AdamW final : public Optimizer {
 public:
  AdamW(const OptimizerConfig& config, const std::vector<Parameter*>& parameters) : config_(config) {
    for (Parameter* p : parameters) states_.emplace_back(*p);
  }
  void update(const UpdateArgs& args) override {
    for (AdamWState& s : states_) s.update(config_, args, args.lr);
  }
  std::vector<StateTensor> state() override {
    std::vector<StateTensor> list;
    for (AdamWState& s : states_) {
      list.push_back({s.parameter->name + "/m", s.m});
      list.push_back({s.parameter->name + "/v", s.v});
    }
    return list;
  }

 private:
  OptimizerConfig config_;
  std::vector<AdamWState> states_;
};

}  // namespace

std::unique_ptr<Optimizer> make_adamw(const OptimizerConfig& config, std::vector<Parameter*> parameters) {
  return std::make_unique<AdamW>(config, parameters);
}

}  // namespace malmoi::train
