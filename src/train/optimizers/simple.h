// Optimisers of one state array: the loop over parameters that Lion and SGD share.
#pragma once

#include "base/parallel.h"
#include "train/optimizer.h"

namespace malmoi::train {

/// Calls rule(p, g, s, decay) for every element: p is updated through its return value, s in place.
template <typename Rule>
class SimpleOptimizer final : public Optimizer {
 public:
  SimpleOptimizer(const OptimizerConfig& config, std::vector<Parameter*> parameters, const char* state_name)
      : config_(config), parameters_(std::move(parameters)), state_name_(state_name) {
    for (Parameter* p : parameters_) states_.push_back(Tensor::zeros(DType::kF32, p->shape));
  }
  void update(const UpdateArgs& args) override {
    for (size_t i = 0; i < parameters_.size(); ++i) {
      Parameter& p = *parameters_[i];
      float *value = p.master.as<float>(), *state = states_[i].as<float>();
      const float* grad = p.grad.as<float>();
      BF16* copy = p.compute.dtype() == DType::kBF16 ? p.compute.as<BF16>() : nullptr;
      auto scale = static_cast<float>(args.grad_scale);
      Rule rule(config_, args, p.decay);
      parallel_for(p.master.elements(), 1 << 14, [&](int64_t begin, int64_t end) {
        for (int64_t j = begin; j < end; ++j) {
          value[j] = rule(value[j], grad[j] * scale, state[j]);
          if (copy) copy[j] = to_bf16(value[j]);
        }
      });
    }
  }
  std::vector<StateTensor> state() override {
    std::vector<StateTensor> list;
    for (size_t i = 0; i < parameters_.size(); ++i)
      list.push_back({parameters_[i]->name + "/" + state_name_, states_[i]});
    return list;
  }

 private:
  OptimizerConfig config_;
  std::vector<Parameter*> parameters_;
  std::vector<Tensor> states_;
  const char* state_name_;
};

}  // namespace malmoi::train
