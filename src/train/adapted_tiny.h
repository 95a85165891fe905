// What tests of training adapters share: a small frozen model with an adapter around it, and what steps it.
#pragma once

#include "base/test_folder.h"
#include "model/load.h"
#include "model/save.h"
#include "model/train_adapter.h"
#include "train/tiny_models.h"

namespace malmoi::train {

/// A folder with a small random model of a family.
inline Path tiny_base(std::string_view family) {
  const Path folder = test_folder("adapted_" + std::string(family));
  auto model = tiny_model(family, model::Task::kCausalLm);
  model->parameters.allocate(nn::Purpose::kTraining, DType::kF32);
  model->parameters.initialize(5);
  EXPECT_TRUE(model::save_model(*model, folder).ok());
  return folder;
}

/// Frozen in memory, as a run has its base.
inline std::unique_ptr<model::Model> frozen_model(const Path& folder, DType dtype = DType::kF32) {
  auto model = model::load_model(folder, {.dtype = dtype, .task = model::Task::kCausalLm});
  EXPECT_TRUE(model.ok()) << model.error().to_string();
  if (!model.ok()) std::abort();
  return std::move(*model);
}

inline void adapt_tiny(model::Model& model, const model::NewAdapter& options, const model::PutOptions& put = {}) {
  auto plan = model::plan_adapter(model, options, [](const char* key) { return std::string(key); });
  EXPECT_TRUE(plan.ok()) << plan.error().to_string();
  if (!plan.ok()) std::abort();
  model::put_adapter(model, *std::move(plan), put);
  model::start_adapter(model, 3);
}

/// Values that do something: B is not zero, magnitudes are not those of the model.
inline void disturb_adapter(model::TrainedAdapter& adapter, double size = 0.3) {
  uint64_t seed = 1;
  for (auto& entry : adapter.parameters.entries()) {
    Rng rng(seed++);
    float* values = entry->parameter.master.as<float>();
    for (int64_t i = 0; i < entry->parameter.master.elements(); ++i)
      values[i] += static_cast<float>(size * rng.normal());
  }
  adapter.parameters.refresh_compute();
}

/// A model with an adapter that is stepped.
struct Adapted {
  std::unique_ptr<model::Model> model;
  std::unique_ptr<Objective> objective = objective_entry("causal_lm").make({}, {});
  OptimizerConfig config;
  std::unique_ptr<Optimizer> optimizer;
  std::unique_ptr<Stepper> stepper;

  Adapted(const Path& folder, const model::NewAdapter& options, const model::PutOptions& put = {},
          const OptimizerConfig& optimizer_config = {.name = "adamw", .lr = 1e-2},
          autograd::Checkpointing level = autograd::Checkpointing::kCheap, DType dtype = DType::kF32)
      : model(frozen_model(folder, dtype)), config(optimizer_config) {
    adapt_tiny(*model, options, put);
    optimizer = make_optimizer(config, *model);
    stepper = std::make_unique<Stepper>(
        *Stepper::create(*model, *objective, *optimizer, {.checkpointing = level, .arena_bytes = 64 << 20}));
  }
  Examples examples() const { return random_examples(objective_entry("causal_lm"), *model, 4, 8); }
  StepResult step(int64_t s, double lr = 1e-2) {
    return stepper->step(
        1, [&](int64_t, Examples& out) { out = examples(); }, static_cast<uint64_t>(s), s + 1, lr);
  }
};

}  // namespace malmoi::train
