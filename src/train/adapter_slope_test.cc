// The gradients of adapters against the slope of the loss, in f64 on the scalar oracle.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "autograd/tape.h"
#include "kernels/kernels.h"
#include "train/adapted_tiny.h"

namespace malmoi::train {
namespace {

using autograd::Parameter;

// A frozen model and an adapter whose values and gradients are f64.
class AdaptedOracle {
 public:
  AdaptedOracle(std::string_view family, const model::NewAdapter& options)
      : model_(tiny_model(family, model::Task::kCausalLm)), objective_(objective_entry("causal_lm").make({}, {})) {
    uint64_t seed = 1;
    for (auto& entry : model_->parameters.entries()) {
      Parameter& p = entry->parameter;
      p.compute = Tensor::zeros(DType::kF32, p.shape);
      model_->parameters.initialize(*entry, 7);
      const Tensor drawn = p.compute;
      p.compute = Tensor::zeros(DType::kF64, p.shape);
      Rng rng(seed++);
      for (int64_t i = 0; i < p.shape.elements(); ++i)
        p.compute.as<double>()[i] = static_cast<double>(drawn.as<float>()[i]) + 0.2 * rng.normal();
    }
    auto plan = model::plan_adapter(*model_, options, [](const char* key) { return std::string(key); });
    EXPECT_TRUE(plan.ok()) << plan.error().to_string();
    model::put_adapter(*model_, *std::move(plan), {});
    for (auto& entry : model_->adapter->parameters.entries()) {
      Parameter& p = entry->parameter;
      p.compute = Tensor::zeros(DType::kF64, p.shape);
      p.grad = Tensor::zeros(DType::kF64, p.shape);
      Rng rng(seed++);
      const double offset = p.shape.rank() == 1 ? 1 : 0;
      for (int64_t i = 0; i < p.shape.elements(); ++i) p.compute.as<double>()[i] = offset + 0.3 * rng.normal();
    }
    examples_ = random_examples(objective_entry("causal_lm"), *model_, 3, 6);
    context_.arena = &arena_;
    context_.pool = &pool_;
    context_.stream = &stream_;
    context_.backend = &kernels::reference_backend();
    context_.tape = &tape_;
    context_.dtype = DType::kF64;
  }
  // Leaves the gradients in the adapter.
  double loss() {
    for (auto& entry : entries()) entry->parameter.grad_ready = false;
    const double loss = objective_->accumulate(context_, *model_, examples_, objective_->count(examples_)).loss;
    tape_.clear();
    EXPECT_TRUE(stream_.sync().ok());
    return loss;
  }
  std::vector<std::unique_ptr<Entry>>& entries() { return model_->adapter->parameters.entries(); }
  const model::Model& model() const { return *model_; }

 private:
  std::unique_ptr<model::Model> model_;
  std::unique_ptr<Objective> objective_;
  Examples examples_;
  Arena arena_ = std::move(*Arena::create(64 << 20));
  StoragePool pool_;
  Stream stream_;
  autograd::Tape tape_;
  autograd::Context context_;
};

// `magnitudes_alone`: norms are constants to the gradients of A and B, so the loss has another slope.
void expect_adapter_slopes(AdaptedOracle& oracle, bool magnitudes_alone) {
  oracle.loss();
  std::vector<std::vector<double>> gradients;
  for (const auto& entry : oracle.entries()) {
    EXPECT_TRUE(entry->parameter.grad_ready) << entry->spec.name << " was not reached";
    const double* g = entry->parameter.grad.as<double>();
    gradients.emplace_back(g, g + entry->spec.shape.elements());
  }
  for (const auto& entry : oracle.model().parameters.entries())
    EXPECT_FALSE(entry->parameter.grad_ready) << entry->spec.name;
  uint64_t seed = 100;
  for (size_t k = 0; k < gradients.size(); ++k) {
    Parameter& p = oracle.entries()[k]->parameter;
    if (magnitudes_alone && p.shape.rank() > 1) continue;
    Rng rng(seed++);
    std::vector<double> direction(gradients[k].size());
    double slope = 0, size = 0;
    for (size_t i = 0; i < direction.size(); ++i) {
      direction[i] = rng.normal();
      slope += direction[i] * gradients[k][i];
      size += gradients[k][i] * gradients[k][i];
    }
    auto moved = [&](double h) {
      for (size_t i = 0; i < direction.size(); ++i) p.compute.as<double>()[i] += h * direction[i];
      const double loss = oracle.loss();
      for (size_t i = 0; i < direction.size(); ++i) p.compute.as<double>()[i] -= h * direction[i];
      return loss;
    };
    auto central = [&](double h) { return (moved(h) - moved(-h)) / (2 * h); };
    double best = INFINITY;
    for (double h : {4e-3, 5e-4, 6e-5}) best = std::min(best, std::abs((4 * central(h) - central(2 * h)) / 3 - slope));
    EXPECT_LT(best, 1e-2 * std::sqrt(size) + 1e-4) << p.name << ": slope " << slope;
  }
}

TEST(AdapterSlopes, GradientsOfLowRankMatrices) {
  struct Row {
    const char* family;
    model::NewAdapter options;
  };
  const Row rows[] = {
      {"llama", {.rank = 2, .alpha = 3}},
      {"llama", {.rank = 2, .alpha = 3, .targets = {"layers.1.mlp.gate_proj", "layers.1.self_attn.v_proj"}}},
      {"llama", {.rank = 2, .alpha = 3, .targets = {"embed_tokens", "lm_head"}}},
      {"gpt2", {.rank = 2, .alpha = 3}},
      {"gpt2", {.rank = 2, .alpha = 3, .targets = {"wte", "lm_head"}}},
      {"llama", {.rank = 2, .alpha = 3, .targets = {"embed_tokens"}, .save_whole = {"lm_head"}}},
      {"llama", {.rank = 2, .alpha = 3, .targets = {"lm_head"}, .save_whole = {"embed_tokens"}}},
      {"gpt2", {.rank = 2, .alpha = 3, .targets = {"c_attn"}, .save_whole = {"wte"}}},
      {"gpt_neox", {.rank = 2, .alpha = 3}},
      {"mamba2", {.rank = 2, .alpha = 3}}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.family);
    AdaptedOracle oracle(row.family, row.options);
    expect_adapter_slopes(oracle, false);
  }
}

TEST(AdapterSlopes, GradientsOfMagnitudes) {
  for (const char* family : {"llama", "gpt_neox"}) {
    SCOPED_TRACE(family);
    AdaptedOracle oracle(family, {.rank = 2, .alpha = 3, .magnitudes = true});
    expect_adapter_slopes(oracle, true);
  }
}

}  // namespace
}  // namespace malmoi::train
