// Training of adapters: what is trained, what is not, what it costs, and that what is served of it is what was trained.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "model/adapt.h"
#include "train/adapted_tiny.h"
#include "train/checkpoint_parts.h"
#include "train/loop.h"
#include "train/rehearsal.h"

namespace malmoi::train {
namespace {

using testing::StartsWith;

std::vector<float> values_of_base(const model::Model& model) {
  std::vector<float> values;
  for (const auto& entry : model.parameters.entries()) {
    const Tensor& compute = entry->parameter.compute;
    const size_t at = values.size();
    values.resize(at + static_cast<size_t>(compute.elements()));
    convert(compute.data(), compute.dtype(), values.data() + at, DType::kF32, static_cast<size_t>(compute.elements()));
  }
  return values;
}

TEST(AdapterTraining, LearnsAndLeavesTheModelAsItWas) {
  Adapted run(tiny_base("llama"), {.rank = 4, .alpha = 8, .targets = {"down_proj", "lm_head"}});
  const std::vector<float> before = values_of_base(*run.model);
  double first = 0, last = 0;
  for (int64_t s = 0; s < 40; ++s) {
    const StepResult result = run.step(s, 2e-2);
    ASSERT_FALSE(result.skipped);
    if (s == 0) first = result.loss;
    last = result.loss;
  }
  EXPECT_LT(last, first - 0.3);
  EXPECT_EQ(before, values_of_base(*run.model));
  for (const auto& entry : run.model->parameters.entries()) {
    EXPECT_FALSE(entry->parameter.grad) << entry->spec.name << " takes memory for a gradient";
    EXPECT_FALSE(entry->parameter.master) << entry->spec.name;
  }
}

TEST(AdapterTraining, StartsAsTheModelIs) {
  const Path base = tiny_base("llama");
  for (const model::NewAdapter& options :
       {model::NewAdapter{.rank = 4, .alpha = 8}, model::NewAdapter{.rank = 4, .alpha = 8, .magnitudes = true},
        model::NewAdapter{.rank = 4, .alpha = 8, .save_whole = {"embed_tokens", "lm_head"}},
        model::NewAdapter{.rank = 4, .alpha = 8, .principal = true}}) {
    Adapted run(base, options);
    auto plain = frozen_model(base);
    auto optimizer = make_optimizer(run.config, *plain);
    auto stepper = *Stepper::create(*plain, *run.objective, *optimizer, {.arena_bytes = 64 << 20});
    const Examples examples = run.examples();
    const Counts whole = run.objective->count(examples);
    EXPECT_NEAR(run.stepper->evaluate(examples, whole).loss, stepper.evaluate(examples, whole).loss, 1e-5);
  }
}

TEST(AdapterTraining, EveryCheckpointingLevelGivesTheSameBits) {
  const Path base = tiny_base("llama");
  std::vector<double> norms;
  for (auto level :
       {autograd::Checkpointing::kNone, autograd::Checkpointing::kCheap, autograd::Checkpointing::kBlock}) {
    Adapted run(base, {.rank = 4, .alpha = 8, .targets = {"layers.1.self_attn.q_proj"}}, {},
                {.name = "adamw", .lr = 1e-2}, level);
    run.step(0);
    norms.push_back(run.step(1).grad_norm);
  }
  EXPECT_GT(norms[0], 0);
  EXPECT_EQ(norms[0], norms[1]);
  EXPECT_EQ(norms[0], norms[2]);
}

TEST(AdapterTraining, APlanKnowsWhatIsFrozen) {
  for (DType dtype : {DType::kF32, DType::kBF16}) {
    Adapted run(tiny_base("llama"), {.rank = 4, .alpha = 8}, {}, {.name = "adamw", .lr = 1e-2},
                autograd::Checkpointing::kCheap, dtype);
    const MemoryPlan plan = plan_memory({.model = *run.model,
                                         .objective = *run.objective,
                                         .dtype = dtype,
                                         .optimizer = run.config,
                                         .batch_size = 4,
                                         .sequence_length = 8});
    run.step(0);
    run.step(1);
    EXPECT_LE(run.stepper->arena().peak(), plan.activations);
    EXPECT_GT(run.stepper->arena().peak(), plan.activations / 10 * 8);
    EXPECT_EQ(run.stepper->arena().overflow(), 0u);
    const auto trained = static_cast<size_t>(run.model->adapter->parameters.count());
    EXPECT_EQ(plan.gradients, 4 * trained);
    EXPECT_EQ(plan.optimizer, 8 * trained);
    size_t base = 0;
    for (const auto& entry : run.model->parameters.entries()) base += entry->parameter.compute.bytes();
    EXPECT_EQ(plan.weights, base + (dtype == DType::kF32 ? 4 : 6) * trained);
  }
}

// Forward, and back to inputs but for the lowest layer's; nothing for the gradients of frozen matrices.
TEST(AdapterTraining, FrozenMatricesCostNoGradient) {
  const Path base = tiny_base("llama");
  Adapted all(base, {.rank = 1, .alpha = 1}),
      upper(base, {.rank = 1, .alpha = 1, .pattern = R"(.*layers\.1\..*_proj)"});
  Trained whole(objective_entry("causal_lm"), "llama");
  const double full = training_flops_per_token(*whole.model, *whole.objective, 1),
               adapted = training_flops_per_token(*all.model, *all.objective, 1),
               half = training_flops_per_token(*upper.model, *upper.objective, 1);
  double matrices = 0, head = static_cast<double>(all.model->outputs() * all.model->hidden_size());
  for (const auto& entry : all.model->parameters.entries())
    if (autograd::is_product(entry->spec.role)) matrices += static_cast<double>(entry->spec.shape.elements());
  if (all.model->head->weight->parameter().role == autograd::Role::kHead) matrices -= head;
  EXPECT_LT(adapted, 0.9 * full);
  EXPECT_GT(adapted, 3.2 * (matrices + head));
  EXPECT_LT(half, 0.85 * adapted) << "the lower layer is passed once";
}

TEST(AdapterTraining, TheRateOfBIsItsOwn) {
  const Path base = tiny_base("llama");
  auto moved = [&](double rate_of_b) {
    Adapted run(base, {.rank = 2, .alpha = 4, .targets = {"q_proj"}}, {.rate_of_b = rate_of_b},
                {.name = "sgd", .lr = 1, .weight_decay = 0});
    const Parameter &a = run.model->adapter->parameters.entries()[0]->parameter,
                    &b = run.model->adapter->parameters.entries()[1]->parameter;
    disturb_adapter(*run.model->adapter);
    const double a_before = static_cast<double>(a.master.as<float>()[0]),
                 b_before = static_cast<double>(b.master.as<float>()[0]);
    run.step(0, 1e-1);
    return std::pair(static_cast<double>(a.master.as<float>()[0]) - a_before,
                     static_cast<double>(b.master.as<float>()[0]) - b_before);
  };
  const auto [a1, b1] = moved(1);
  const auto [a4, b4] = moved(4);
  EXPECT_NE(b1, 0);
  EXPECT_NEAR(a4, a1, 1e-6);
  EXPECT_NEAR(b4, 4 * b1, 1e-4 * std::abs(b1) + 1e-6);
}

// What is written is read by those who serve, to the same loss.
TEST(AdapterTraining, WhatIsServedIsWhatWasTrained) {
  struct Row {
    const char* family;
    model::NewAdapter options;
  };
  const Row rows[] = {{"llama", {.rank = 2, .alpha = 4}},
                      {"llama", {.rank = 2, .alpha = 4, .rank_stabilised = true, .magnitudes = true}},
                      {"llama", {.rank = 2, .alpha = 4, .targets = {"embed_tokens", "lm_head", "up_proj"}}},
                      {"llama", {.rank = 2, .alpha = 4, .principal = true}},
                      {"gpt_neox", {.rank = 2, .alpha = 6, .rank_stabilised = true, .principal = true}},
                      {"gpt2", {.rank = 2, .alpha = 4, .magnitudes = true}},
                      {"gpt2", {.rank = 2, .alpha = 4, .targets = {"wte", "c_proj"}}},
                      {"gpt2", {.rank = 2, .alpha = 4, .targets = {"c_proj"}, .save_whole = {"wte"}}},
                      {"llama", {.rank = 2, .alpha = 4, .principal = true, .save_whole = {"embed_tokens", "lm_head"}}},
                      {"gpt_neox", {.rank = 2, .alpha = 4, .magnitudes = true}},
                      {"falcon", {.rank = 2, .alpha = 4}},
                      {"mixtral", {.rank = 2, .alpha = 4, .targets = {"q_proj", "w1", "w2"}}},
                      {"mamba2", {.rank = 2, .alpha = 4}}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.family);
    const Path base = tiny_base(row.family), folder = base / "adapter";
    Adapted run(base, row.options);
    disturb_adapter(*run.model->adapter);
    for (int64_t s = 0; s < 3; ++s) run.step(s);
    ASSERT_TRUE(model::save_adapter(*run.model->adapter, folder).ok());
    auto served = frozen_model(base);
    const Path adapters[] = {folder};
    auto adapted = model::adapt(*served, adapters);
    ASSERT_TRUE(adapted.ok()) << adapted.error().to_string();
    auto optimizer = make_optimizer(run.config, *served);
    auto stepper = *Stepper::create(*served, *run.objective, *optimizer, {.arena_bytes = 64 << 20});
    const Examples examples = run.examples();
    const Counts whole = run.objective->count(examples);
    EXPECT_NEAR(run.stepper->evaluate(examples, whole).loss, stepper.evaluate(examples, whole).loss, 1e-5);
  }
}

// PiSSA: the largest parts of each matrix are what is trained; the file is an ordinary adapter of the model as it was.
TEST(AdapterTraining, PrincipalPartsAreTakenOutOfTheModel) {
  const Path base = tiny_base("llama"), folder = base / "adapter";
  Adapted run(base, {.rank = 3, .alpha = 6, .principal = true, .targets = {"o_proj"}});
  const auto& entries = run.model->adapter->parameters.entries();
  double size = 0;
  for (const auto& entry : entries) {
    const Tensor& values = entry->parameter.master;
    for (int64_t i = 0; i < values.elements(); ++i) size += std::abs(static_cast<double>(values.as<float>()[i]));
  }
  EXPECT_GT(size, 0);
  ASSERT_TRUE(model::save_adapter(*run.model->adapter, folder).ok());
  auto file = model::open_adapter(folder);
  ASSERT_TRUE(file.ok()) << file.error().to_string();
  EXPECT_EQ(file->config.rank, 6);
  EXPECT_EQ(file->config.alpha, 12);
  for (const auto& [name, module] : file->modules) EXPECT_EQ(module.a->shape[0], 6) << name;
}

TEST(AdapterTraining, CheckpointsHoldTheAdapterAlone) {
  Adapted run(tiny_base("llama"), {.rank = 2, .alpha = 4});
  const auto tensors = checkpoint_tensors(*run.model, *run.optimizer, nullptr);
  EXPECT_EQ(tensors.size(), 3 * run.model->adapter->parameters.entries().size());
  for (const CheckpointTensor& tensor : tensors) EXPECT_THAT(tensor.name, StartsWith("base_model.model."));
}

// The trained adapter, the model alone, and what training began with, for objectives that compare them.
void expect_alone_and_initial(const model::NewAdapter& options) {
  const Path base = tiny_base("llama");
  Adapted run(base, options, {.keep_initial = true});
  auto plain = frozen_model(base);
  const Examples examples = run.examples();
  auto hidden = [&](const model::Model& model, std::vector<int32_t> adapters) {
    Arena arena = std::move(*Arena::create(64 << 20));
    StoragePool pool;
    Stream stream;
    autograd::Context context{.arena = &arena,
                              .pool = &pool,
                              .stream = &stream,
                              .backend = &kernels::cpu_backend(),
                              .row_adapters = adapters};
    ModelInput input(examples);
    const autograd::Var out = model.backbone->forward(context, input.batch());
    return std::vector<float>(out.value.as<float>(), out.value.as<float>() + out.value.elements());
  };
  for (int64_t s = 0; s < 5; ++s) run.step(s, 5e-2);
  const std::vector<float> trained = hidden(*run.model, {0}), alone = hidden(*run.model, {-1}),
                           initial = hidden(*run.model, {1});
  EXPECT_EQ(alone, hidden(*plain, {}));
  EXPECT_NE(trained, alone);
  EXPECT_EQ(trained, hidden(*run.model, {}));
  for (size_t i = 0; i < alone.size(); ++i) ASSERT_NEAR(initial[i], alone[i], 1e-6) << "B was zero then";
  EXPECT_EQ(run.model->num_adapters, 2);
}

TEST(AdapterTraining, TheModelAloneAndTheAdapterAsItStoodCanBeAsked) {
  expect_alone_and_initial({.rank = 2, .alpha = 4});
  expect_alone_and_initial({.rank = 2, .alpha = 4, .save_whole = {"embed_tokens"}});
}

// One parameter where the head is the table of words: both sides move it.
TEST(AdapterTraining, TiedWordsAreOneParameter) {
  Adapted whole(tiny_base("gpt2"), {.rank = 2, .alpha = 4, .targets = {"c_attn"}, .save_whole = {"wte", "lm_head"}});
  ASSERT_EQ(whole.model->adapter->plan.whole.size(), 1u);
  EXPECT_EQ(whole.model->adapter->parameters.entries().back()->spec.sources.size(), 2u) << "the file has it twice";
  EXPECT_FALSE(whole.model->tied_head.tensor.empty());
  whole.step(0);
  const Parameter& words = whole.model->adapter->parameters.entries().back()->parameter;
  const Tensor table = (*whole.model->head->weight)->parameters().back()->compute;
  EXPECT_EQ(table.data(), words.compute.data()) << "the head reads it";
  Adapted low(tiny_base("gpt2"), {.rank = 2, .alpha = 4, .targets = {"lm_head"}});
  ASSERT_EQ(low.model->adapter->plan.modules.size(), 1u);
  EXPECT_TRUE(low.model->adapter->plan.keeps_tied);
}

}  // namespace
}  // namespace malmoi::train
