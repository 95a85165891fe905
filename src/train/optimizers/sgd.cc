// SGD with momentum (Sutskever et al. 2013, as published frameworks have it): g += decay p; v = mu v + (1 - dampening) g, at
// the first update g; p -= lr v, or with Nesterov's look-ahead p -= lr (g + mu v).
#include "train/optimizers/common.h"

namespace malmoi::train {
namespace {

class Sgd final : public Optimizer {
 public:
  Sgd(const OptimizerConfig& config, std::vector<Entry*> entries) : config_(config), entries_(std::move(entries)) {
    if (config_.momentum == 0) return;
    for (Entry* entry : entries_) velocities_.push_back(Tensor::zeros(DType::kF32, entry->parameter.shape));
  }
  void update(const UpdateArgs& args) override {
    for (size_t k = 0; k < entries_.size(); ++k) {
      Parameter& parameter = entries_[k]->parameter;
      if (!parameter.grad_ready) continue;
      if (velocities_.empty()) descend(parameter, args);
      else descend(parameter, args, velocities_[k].as<float>());
    }
  }
  std::vector<StateTensor> state() override {
    std::vector<StateTensor> list;
    for (size_t k = 0; k < velocities_.size(); ++k) list.push_back({entries_[k]->spec.name + "/v", velocities_[k]});
    return list;
  }

 private:
  void descend(Parameter& parameter, const UpdateArgs& args) const {
    auto lr = static_cast<float>(args.lr * parameter.rate), decay = static_cast<float>(decay_of(config_, parameter));
    update_elements(parameter, args, [=](float p, float g, int64_t) { return p - lr * (g + decay * p); });
  }
  void descend(Parameter& parameter, const UpdateArgs& args, float* velocity) const {
    auto lr = static_cast<float>(args.lr * parameter.rate), decay = static_cast<float>(decay_of(config_, parameter));
    auto momentum = static_cast<float>(config_.momentum);
    auto share = static_cast<float>(args.update == 1 ? 1 : 1 - config_.dampening);
    bool nesterov = config_.nesterov;
    update_elements(parameter, args, [=](float p, float g, int64_t i) {
      g += decay * p;
      float& v = velocity[i];
      v = momentum * v + share * g;
      return p - lr * (nesterov ? g + momentum * v : v);
    });
  }

  OptimizerConfig config_;
  std::vector<Entry*> entries_;
  std::vector<Tensor> velocities_;  // none without momentum
};

void read_sgd(ConfigReader& reader, OptimizerConfig& config) {
  config.momentum = reader.number("momentum", 0, 0, 1);
  config.nesterov = reader.boolean("nesterov", false);
  config.dampening = reader.number("dampening", 0, 0, 1);
  config.weight_decay = reader.number("weight_decay", 0, 0, 100);
}

size_t sgd_state_elements(const OptimizerConfig& config, const Entry& entry) {
  return config.momentum == 0 ? 0 : static_cast<size_t>(entry.spec.shape.elements());
}

std::unique_ptr<Optimizer> make_sgd(const OptimizerConfig& config, std::vector<Entry*> entries) {
  return std::make_unique<Sgd>(config, std::move(entries));
}

}  // namespace

extern const OptimizerEntry sgd_optimizer{
    .name = "sgd", .read = read_sgd, .default_lr = 1e-3, .state_elements = sgd_state_elements, .make = make_sgd};

}  // namespace malmoi::train
