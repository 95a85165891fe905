// Gradients and losses of both families against PyTorch's (tests/data/train).
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "formats/npy.h"
#include "formats/safetensors.h"
#include "kernels/gemm.h"
#include "model/layout.h"
#include "model/load.h"
#include "tensor/precision.h"
#include "train/rehearsal.h"
#include "train/schedule.h"
#include "train/stepper.h"

namespace malmoi::train {
namespace {

struct Fixture {
  Path folder;
  Json hyper;
  std::vector<int32_t> tokens;
  std::unique_ptr<model::Model> model;
  std::unique_ptr<Objective> objective = make_objective({});
  std::unique_ptr<Optimizer> optimizer;
  std::unique_ptr<Stepper> stepper;

  explicit Fixture(const std::string& name, double clip,
                   autograd::Checkpointing level = autograd::Checkpointing::kCheap,
                   Precision precision = Precision::kF32) {
    folder = Path(MALMOI_TEST_DATA) / "train" / name;
    hyper = *read_json((folder / "hyper.json").string());
    tokens = *formats::NpyArray::open(folder / "tokens.npy")->values<int32_t>();
    model = std::move(*model::load_model(folder / "init", {model::Purpose::kTraining, activation_type(precision)}));
    OptimizerConfig c{.lr = hyper["lr"],
                      .beta1 = hyper["beta1"],
                      .beta2 = hyper["beta2"],
                      .eps = hyper["eps"],
                      .weight_decay = hyper["weight_decay"]};
    optimizer = make_optimizer(c, model->parameters);
    stepper = std::make_unique<Stepper>(*Stepper::create(*model, *objective, *optimizer,
                                                         {.checkpointing = level,
                                                          .grad_clip = clip,
                                                          .arena_bytes = 32 << 20,
                                                          .int8_products = precision == Precision::kInt8}));
  }
  void fill(int64_t step, int64_t rows, int64_t first_row, Examples& out) const {
    int64_t length = hyper["seq"], batch = hyper["batch"];
    for (int64_t b = first_row; b < first_row + rows; ++b) {
      auto at = static_cast<size_t>((step * batch + b) * length);
      out.input.add({tokens.data() + at, static_cast<size_t>(length)});
      out.targets.insert(out.targets.end(), tokens.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                         tokens.begin() + static_cast<std::ptrdiff_t>(at) + 1 + length);
    }
  }
  StepResult step(int64_t s, int64_t parts = 1) {
    int64_t batch = hyper["batch"];
    ScheduleArgs schedule{hyper["lr"], hyper["lr_min"], hyper["warmup_steps"], hyper["steps"]};
    return stepper->step(
        parts, [&](int64_t i, Examples& out) { fill(s, batch / parts, i * (batch / parts), out); },
        static_cast<uint64_t>(s * parts), s + 1, learning_rate("cosine", schedule, s));
  }
};

std::vector<float> first_values(const Parameter& p) { return {p.master.as<float>(), p.master.as<float>() + 8}; }

class Training : public testing::TestWithParam<const char*> {};

TEST_P(Training, GradientsOfStepZeroAreTheReferences) {
  Fixture f(GetParam(), 0);
  f.step(0);
  auto reference = formats::Safetensors::open(f.folder / "grads_step0.safetensors");
  ASSERT_TRUE(reference.ok());
  double allowed = f.hyper["tolerance"]["grads_step0"];
  size_t compared = 0;
  for (const auto& entry : f.model->parameters.entries()) {
    for (const model::PublishedTensor& mine : model::publish(entry->spec, entry->parameter.grad)) {
      const formats::TensorView* want = reference->find(mine.name);
      ASSERT_TRUE(want) << mine.name;
      ASSERT_EQ(want->bytes.size(), mine.values.size() * 4) << mine.name;
      std::vector<float> values(mine.values.size());
      std::memcpy(values.data(), want->bytes.data(), want->bytes.size());
      for (size_t j = 0; j < values.size(); ++j)
        ASSERT_NEAR(mine.values[j], values[j], allowed) << mine.name << " " << j;
      ++compared;
    }
  }
  EXPECT_EQ(compared, reference->tensors().size()) << "every gradient of the reference was compared";
}

TEST_P(Training, TwentyLossesAreTheReferences) {
  Fixture f(GetParam(), 1.0);
  Json losses = *read_json((f.folder / "losses.json").string());
  for (size_t s = 0; s < losses.size(); ++s) {
    StepResult r = f.step(static_cast<int64_t>(s));
    EXPECT_NEAR(r.loss, losses[s]["loss"].get<double>(), f.hyper["tolerance"]["loss"].get<double>()) << s;
    double norm = losses[s]["grad_norm"];
    EXPECT_NEAR(r.grad_norm, norm, norm * f.hyper["tolerance"]["grad_norm_relative"].get<double>()) << s;
  }
}

TEST_P(Training, AccumulatedPartsGiveTheGradientOfTheWholeBatch) {
  Fixture whole(GetParam(), 0), parts(GetParam(), 0);
  StepResult a = whole.step(0, 1), b = parts.step(0, 4);
  EXPECT_NEAR(a.loss, b.loss, 1e-6);
  EXPECT_NEAR(a.grad_norm, b.grad_norm, 1e-5 * a.grad_norm);
}

TEST_P(Training, EveryCheckpointingLevelGivesTheSameBits) {
  std::vector<double> norms;
  for (auto level :
       {autograd::Checkpointing::kNone, autograd::Checkpointing::kCheap, autograd::Checkpointing::kBlock}) {
    Fixture f(GetParam(), 1.0, level);
    f.step(0);
    norms.push_back(f.step(1).grad_norm);
  }
  EXPECT_EQ(norms[0], norms[1]);
  EXPECT_EQ(norms[0], norms[2]);
}

TEST_P(Training, EightBitProductsFollowBf16) {
  Fixture exact(GetParam(), 1.0, autograd::Checkpointing::kCheap, Precision::kBF16);
  Fixture rounded(GetParam(), 1.0, autograd::Checkpointing::kCheap, Precision::kInt8);
  for (int64_t s = 0; s < 10; ++s) {
    StepResult a = exact.step(s), b = rounded.step(s);
    EXPECT_NEAR(a.loss, b.loss, 0.005 * a.loss) << s;
    EXPECT_NEAR(a.grad_norm, b.grad_norm, 0.05 * a.grad_norm) << s;
    EXPECT_EQ(a.grad_norm != b.grad_norm, kernels::has_int8_products());
  }
}

TEST_P(Training, NonFiniteGradientsSkipTheUpdate) {
  Fixture f(GetParam(), 1.0);
  const auto& entries = f.model->parameters.entries();
  std::vector<float> before = first_values(entries[2]->parameter);
  entries[0]->parameter.master.as<float>()[f.tokens[0] * f.model->hidden_size()] = NAN;
  EXPECT_TRUE(f.step(0).skipped);
  EXPECT_EQ(before, first_values(entries[2]->parameter));
}

TEST_P(Training, ASpikeSkipsTheUpdate) {
  Fixture f(GetParam(), 1.0);
  StepResult first = f.step(0);
  f.stepper->set_limits({.loss = first.loss - 1, .grad_norm = first.grad_norm * 1e3});
  EXPECT_FALSE(f.step(1).skipped) << "the loss alone stands above its limit";
  f.stepper->set_limits({.loss = first.loss - 1, .grad_norm = first.grad_norm / 1e3});
  const Parameter& p = f.model->parameters.entries()[2]->parameter;
  std::vector<float> before = first_values(p);
  StepResult spike = f.step(2);
  EXPECT_TRUE(spike.skipped && spike.spike);
  EXPECT_EQ(before, first_values(p));
}

TEST_P(Training, SteadyStateAllocatesNothingBeyondThePlan) {
  Fixture f(GetParam(), 1.0);
  OptimizerConfig adamw;
  MemoryPlan plan = plan_memory({.model = *f.model,
                                 .objective = *f.objective,
                                 .optimizer = adamw,
                                 .batch_size = f.hyper["batch"],
                                 .sequence_length = f.hyper["seq"]});
  f.step(0);
  f.step(1);
  EXPECT_EQ(f.stepper->arena().peak(), plan.activations) << "the rehearsal goes through the very allocations of a step";
  EXPECT_EQ(f.stepper->arena().overflow(), 0u);
  EXPECT_EQ(f.stepper->arena().in_use(), 0u);
}

// Every product of a training step is one of 2 FLOPs an element, forward, back to inputs and to weights.
TEST_P(Training, FlopsPerTokenAreThoseOfTheProductsAndOfAttention) {
  Fixture f(GetParam(), 1.0);
  double elements = 0;
  for (const auto& entry : f.model->parameters.entries())
    if (autograd::is_product(entry->spec.role)) elements += static_cast<double>(entry->spec.shape.elements());
  auto head = static_cast<double>(f.model->vocab_size() * f.model->hidden_size());
  bool tied = f.model->head->weight->parameter().role == autograd::Role::kEmbedding;
  double products = 6 * (elements + (tied ? head : 0));
  double one = training_flops_per_token(*f.model, *f.objective, 1);
  double many = training_flops_per_token(*f.model, *f.objective, 16);
  EXPECT_GE(one, products);
  EXPECT_LT(one, 1.1 * products);
  EXPECT_GT(many, one) << "attention grows with the length";
}

INSTANTIATE_TEST_SUITE_P(Families, Training, testing::Values("gpt2-tiny", "llama-tiny"), [](const auto& info) {
  return std::string(info.param).substr(0, std::string(info.param).find('-'));
});

}  // namespace
}  // namespace malmoi::train
