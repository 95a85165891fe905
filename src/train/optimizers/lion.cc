// Lion (Chen et al. 2023): p -= lr (sign(b1 m + (1 - b1) g) + decay p); m = b2 m + (1 - b2) g.
#include "train/optimizers/common.h"

namespace malmoi::train {
namespace {

class Lion final : public Optimizer {
 public:
  Lion(const OptimizerConfig& config, std::vector<Entry*> entries) : config_(config), entries_(std::move(entries)) {
    for (Entry* entry : entries_) momenta_.push_back(Tensor::zeros(DType::kF32, entry->parameter.shape));
  }
  void update(const UpdateArgs& args) override {
    auto b1 = static_cast<float>(config_.beta1), b2 = static_cast<float>(config_.beta2);
    for (size_t k = 0; k < entries_.size(); ++k) {
      Parameter& parameter = entries_[k]->parameter;
      if (!parameter.grad_ready) continue;
      float* momentum = momenta_[k].as<float>();
      auto lr = static_cast<float>(args.lr * parameter.rate), decay = static_cast<float>(decay_of(config_, parameter));
      update_elements(parameter, args, [=](float p, float g, int64_t i) {
        float& m = momentum[i];
        float direction = b1 * m + (1 - b1) * g;
        m = b2 * m + (1 - b2) * g;
        float sign = direction > 0 ? 1.f : direction < 0 ? -1.f : 0.f;
        return p - lr * (sign + decay * p);
      });
    }
  }
  std::vector<StateTensor> state() override {
    std::vector<StateTensor> list;
    for (size_t k = 0; k < entries_.size(); ++k) list.push_back({entries_[k]->spec.name + "/m", momenta_[k]});
    return list;
  }

 private:
  OptimizerConfig config_;
  std::vector<Entry*> entries_;
  std::vector<Tensor> momenta_;
};

void read_lion(ConfigReader& reader, OptimizerConfig& config) {
  read_betas(reader, config, 0.9, 0.99);
  config.weight_decay = reader.number("weight_decay", 0.1, 0, 100);
}

size_t lion_state_elements(const OptimizerConfig&, const Entry& entry) {
  return static_cast<size_t>(entry.spec.shape.elements());
}

std::unique_ptr<Optimizer> make_lion(const OptimizerConfig& config, std::vector<Entry*> entries) {
  return std::make_unique<Lion>(config, std::move(entries));
}

}  // namespace

extern const OptimizerEntry lion_optimizer{
    .name = "lion", .read = read_lion, .default_lr = 1e-3, .state_elements = lion_state_elements, .make = make_lion};

}  // namespace malmoi::train
