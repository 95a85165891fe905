// AdamW (Loshchilov & Hutter 2019): the update is a kernel, one pass over a parameter.
#include "train/optimizers/adamw.h"

#include <cmath>

#include "kernels/kernels.h"

namespace malmoi::train {

AdamWState::AdamWState(Parameter& p)
    : parameter(&p), m(Tensor::zeros(DType::kF32, p.shape)), v(Tensor::zeros(DType::kF32, p.shape)) {}

void AdamWState::update(const OptimizerConfig& c, const UpdateArgs& args, double lr) {
  Parameter& p = *parameter;
  if (!p.grad_ready) return;
  auto t = static_cast<double>(args.update);
  Stream stream;
  kernels::cpu_backend().adamw(stream, {.n = p.master.elements(),
                                        .p = p.master.as<float>(),
                                        .g = p.grad.as<float>(),
                                        .m = m.as<float>(),
                                        .v = v.as<float>(),
                                        .copy = compute_copy(p),
                                        .grad_scale = static_cast<float>(args.grad_scale),
                                        .lr = static_cast<float>(lr * p.rate),
                                        .beta1 = static_cast<float>(c.beta1),
                                        .beta2 = static_cast<float>(c.beta2),
                                        .eps = static_cast<float>(c.eps),
                                        .weight_decay = static_cast<float>(decay_of(c, p)),
                                        .bias1 = static_cast<float>(1 - std::pow(c.beta1, t)),
                                        .bias2 = static_cast<float>(1 - std::pow(c.beta2, t))});
}

void AdamWState::append_to(std::vector<StateTensor>& list) const {
  list.push_back({parameter->name + "/m", m});
  list.push_back({parameter->name + "/v", v});
}

namespace {
constexpr double kLeastEps = 1e-30;  // 0 would divide nothing by nothing where no gradient ever came
}

void read_adamw(ConfigReader& reader, OptimizerConfig& config) {
  read_betas(reader, config, 0.9, 0.95);
  config.eps = reader.number("eps", 1e-8, kLeastEps, 1);
  config.weight_decay = reader.number("weight_decay", 0.1, 0, 100);
}

namespace {

class AdamW final : public Optimizer {
 public:
  AdamW(const OptimizerConfig& config, const std::vector<Entry*>& entries) : config_(config) {
    for (Entry* entry : entries) states_.emplace_back(entry->parameter);
  }
  void update(const UpdateArgs& args) override {
    for (AdamWState& s : states_) s.update(config_, args, args.lr);
  }
  std::vector<StateTensor> state() override {
    std::vector<StateTensor> list;
    for (const AdamWState& s : states_) s.append_to(list);
    return list;
  }

 private:
  OptimizerConfig config_;
  std::vector<AdamWState> states_;
};

size_t adamw_state_elements(const OptimizerConfig&, const Entry& entry) {
  return 2 * static_cast<size_t>(entry.spec.shape.elements());
}

std::unique_ptr<Optimizer> make_adamw(const OptimizerConfig& config, std::vector<Entry*> entries) {
  return std::make_unique<AdamW>(config, entries);
}

}  // namespace

extern const OptimizerEntry adamw_optimizer{.name = "adamw",
                                            .read = read_adamw,
                                            .default_lr = 1e-3,
                                            .state_elements = adamw_state_elements,
                                            .make = make_adamw};

}  // namespace malmoi::train
