// Streams: states that go on from step to step, for every family that carries them.
#include "train/streams.h"

#include <gmock/gmock.h>

#include <cmath>

#include "formats/npy.h"
#include "model/load.h"
#include "train/loop.h"
#include "train/schedule.h"
#include "train/tiny_models.h"

namespace malmoi::train {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const ObjectiveEntry& causal_lm() { return objective_entry("causal_lm"); }

/// Calls test(family) for every family that may be trained on streams.
template <typename Test>
void for_each_carrying(const Test& test) {
  int families = 0;
  for (const model::Family* family : model::family_table()) {
    if (family->classes.front().task != model::Task::kCausalLm) continue;
    if (!tiny_model(family->model_type, model::Task::kCausalLm)->backbone->carries_states()) continue;
    SCOPED_TRACE(std::string(family->model_type));
    test(family->model_type);
    ++families;
  }
  EXPECT_GE(families, 3);
}

/// A text of random ids, cut into sequences of `length`; `rows` of them go together.
class RandomText final : public ExampleSource {
 public:
  RandomText(int64_t ids, int64_t length, int64_t rows) : length_(length), rows_(static_cast<uint64_t>(rows)) {
    Rng rng(9);
    for (int64_t i = 0; i < ids; ++i) ids_.push_back(static_cast<int32_t>(rng.below(29)));
  }
  uint64_t size() const override { return (ids_.size() - 1) / (rows_ * static_cast<uint64_t>(length_)) * rows_; }
  uint64_t tokens() const override { return ids_.size(); }
  void append(uint64_t n, Examples& out) const override {
    n %= size();
    append_ids((n % rows_ * (size() / rows_) + n / rows_) * static_cast<uint64_t>(length_), length_, out);
  }
  void append_ids(uint64_t begin, int64_t count, Examples& out) const {
    out.input.add({ids_.data() + begin, static_cast<size_t>(count)});
    auto from = ids_.begin() + static_cast<std::ptrdiff_t>(begin) + 1;
    out.targets.insert(out.targets.end(), from, from + count);
  }

 private:
  std::vector<int32_t> ids_;
  int64_t length_;
  uint64_t rows_;
};

TEST(Streams, APieceGoesOnWhereTheOneBeforeItEnded) {
  for_each_carrying([](std::string_view family) {
    Trained t(causal_lm(), family);
    RandomText text(25, 4, 2);
    Examples whole;
    for (uint64_t begin : {0u, 12u}) text.append_ids(begin, 12, whole);
    const Counts counts = t.objective->count(whole);
    const double want = t.stepper->evaluate(whole, counts).loss;
    Streams streams = *Streams::create(*t.model->backbone, 2);
    double got = 0, apart = 0;
    for (uint64_t step = 0; step < 3; ++step) {
      Examples piece;
      for (uint64_t row : {0u, 1u}) text.append(step * 2 + row, piece);
      apart += t.stepper->evaluate(piece, counts).loss;
      streams.attach(0, piece);
      got += t.stepper->evaluate(piece, counts).loss;
      streams.advance();
    }
    EXPECT_NEAR(got, want, 1e-5);
    EXPECT_GT(std::abs(apart - want), 1e-4) << "pieces that each begin anew are another thing";
  });
}

/// Losses and gradient norms of a few steps on streams.
std::vector<double> steps_of(std::string_view family, autograd::Checkpointing level, int64_t parts) {
  Trained t(causal_lm(), family);
  Stepper stepper =
      *Stepper::create(*t.model, *t.objective, *t.optimizer, {.checkpointing = level, .arena_bytes = 64 << 20});
  RandomText text(81, 5, 4);
  Streams streams = *Streams::create(*t.model->backbone, 4);
  std::vector<double> numbers;
  for (uint64_t step = 0; step < 4; ++step) {
    const int64_t rows = 4 / parts;
    StepResult r = stepper.step(
        parts,
        [&](int64_t part, Examples& out) {
          for (int64_t row = 0; row < rows; ++row)
            text.append(step * 4 + static_cast<uint64_t>(part * rows + row), out);
          streams.attach(part * rows, out);
        },
        step, static_cast<int64_t>(step) + 1, 1e-2);
    streams.advance();
    numbers.push_back(r.loss);
    numbers.push_back(r.grad_norm);
  }
  return numbers;
}

TEST(Streams, StatesAreAsTheyWereWhereABlockRunsAgain) {
  for_each_carrying([](std::string_view family) {
    const std::vector<double> want = steps_of(family, autograd::Checkpointing::kNone, 1);
    for (int64_t parts : {1, 2}) {
      const std::vector<double> got = steps_of(family, autograd::Checkpointing::kBlock, parts);
      for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 2e-5 * std::max(1.0, want[i])) << i;
    }
  });
}

TEST(Streams, ValidationGoesOnFromSequenceToSequence) {
  Trained t(causal_lm(), "lstm");
  RandomText text(41, 4, 1);
  Examples whole;
  text.append_ids(0, 40, whole);
  const double want = t.stepper->evaluate(whole, t.objective->count(whole)).loss;
  Streams one = *Streams::create(*t.model->backbone, 1), three = *Streams::create(*t.model->backbone, 3);
  for (int times = 0; times < 2; ++times) {  // each evaluation begins anew
    EXPECT_NEAR(evaluate_all(*t.stepper, text, 8, {}, &one)->loss, want, 1e-5);
  }
  // Ten sequences in three parts: of four, three and three.
  Examples parts;
  for (auto [begin, count] : {std::pair{0u, 16}, {16u, 12}, {28u, 12}}) text.append_ids(begin, count, parts);
  const double in_parts = t.stepper->evaluate(parts, t.objective->count(parts)).loss;
  std::vector<int64_t> done;
  auto progress = [&](int64_t so_far, int64_t) { done.push_back(so_far); };
  EXPECT_NEAR(evaluate_all(*t.stepper, text, 8, progress, &three)->loss, in_parts, 1e-5);
  EXPECT_EQ(done, (std::vector<int64_t>{3, 6, 9, 10}));
}

class StreamGolden : public testing::TestWithParam<const char*> {};

TEST_P(StreamGolden, LossesAreThoseOfPyTorch) {
  const Path folder = Path(MALMOI_TEST_DATA) / "train" / (std::string(GetParam()) + "-streams");
  const Json hyper = *read_json((folder / "hyper.json").string());
  const Json losses = *read_json((folder / "losses.json").string());
  const auto tokens = *formats::NpyArray::open(folder / "tokens.npy")->values<int32_t>();
  const auto model = std::move(*model::load_model(folder / "init", {model::Purpose::kTraining, DType::kF32}));
  const auto objective = make_objective({});
  const OptimizerConfig config{.beta2 = hyper["beta2"], .weight_decay = hyper["weight_decay"]};
  const auto optimizer = make_optimizer(config, model->parameters);
  Stepper stepper = *Stepper::create(*model, *objective, *optimizer, {.arena_bytes = 32 << 20});
  const size_t rows = hyper["batch"], length = hyper["seq"], steps = losses.size();
  Streams streams = *Streams::create(*model->backbone, static_cast<int64_t>(rows));
  for (size_t step = 0; step < steps; ++step) {
    const ScheduleArgs schedule{hyper["lr"], hyper["lr_min"], hyper["warmup_steps"], static_cast<int64_t>(steps)};
    const StepResult r = stepper.step(
        1,
        [&](int64_t, Examples& out) {
          for (size_t row = 0; row < rows; ++row) {
            const int32_t* from = tokens.data() + (row * steps + step) * length;
            out.input.add({from, length});
            out.targets.insert(out.targets.end(), from + 1, from + 1 + length);
          }
          streams.attach(0, out);
        },
        step, static_cast<int64_t>(step) + 1, learning_rate("cosine", schedule, static_cast<int64_t>(step)));
    streams.advance();
    EXPECT_NEAR(r.loss, losses[step]["loss"].get<double>(), hyper["tolerance"]["loss"].get<double>()) << step;
    const double norm = losses[step]["grad_norm"];
    EXPECT_NEAR(r.grad_norm, norm, norm * hyper["tolerance"]["grad_norm_relative"].get<double>()) << step;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, StreamGolden, testing::Values("lstm", "gru"),
                         [](const auto& info) { return std::string(info.param); });

class StreamRun : public testing::Test {
 protected:
  void SetUp() override { begin("streams_whole"); }
  void begin(const std::string& name) {
    config_.out = (Path(testing::TempDir()) / name).string();
    std::filesystem::remove_all(config_.out);
    ASSERT_TRUE(make_folder(config_.out).ok());
    config_.data.streams = true;
    config_.batch_size = 2;
    config_.gradient_accumulation = 2;
  }
  // A new process' run, which is stopped after step `stop`.
  Result<LoopResult> run(int64_t steps, bool resume = false, int64_t stop = -1) {
    Trained t(causal_lm(), "lstm");
    LoopEvents events;
    events.stop_requested = [&stop] { return --stop == 0; };
    RandomText valid(30, 4, 1);
    return run_loop({.config = &config_,
                     .stepper = t.stepper.get(),
                     .optimizer = t.optimizer.get(),
                     .train = &text_,
                     .valid = &valid,
                     .steps = steps,
                     .resume = resume},
                    events);
  }
  RandomText text_{81, 5, 4};  // four steps an epoch
  TrainConfig config_;
};

TEST_F(StreamRun, ResumedItHasTheSameBits) {
  auto whole = run(7);
  ASSERT_TRUE(whole.ok()) << whole.error().to_string();
  for (int64_t stop : {2, 4, 5}) {  // within an epoch, at its end, within the next
    begin("streams_stopped");
    ASSERT_TRUE(run(7, false, stop).ok());
    auto resumed = run(7, true);
    ASSERT_TRUE(resumed.ok()) << resumed.error().to_string();
    EXPECT_EQ(resumed->resumed_from, stop);
    EXPECT_EQ(*resumed->last_loss, *whole->last_loss);
    EXPECT_EQ(*resumed->last_valid_loss, *whole->last_valid_loss);
  }
}

TEST_F(StreamRun, AnotherNumberOfStreamsIsRefused) {
  ASSERT_TRUE(run(3, false, 2).ok());
  config_.batch_size = 1;
  auto fewer = run(3, true);
  ASSERT_FALSE(fewer.ok());
  EXPECT_THAT(fewer.error().to_string(), AllOf(HasSubstr("4 streams"), HasSubstr("has 2"), HasSubstr("batch_size")));
  config_.batch_size = 2;
  config_.data.streams = false;
  auto none = run(3, true);
  ASSERT_FALSE(none.ok());
  EXPECT_THAT(none.error().to_string(), HasSubstr("streams"));
}

// The first row's targets do not count at all: its state goes on all the same.
TEST(Streams, RowsOfWhichNothingCountsAreReadAllTheSame) {
  Trained t(causal_lm(), "gru");
  RandomText text(41, 5, 2);
  Streams streams = *Streams::create(*t.model->backbone, 2);
  t.stepper->step(
      2,
      [&](int64_t part, Examples& out) {
        text.append(static_cast<uint64_t>(part), out);
        if (part == 0) std::fill(out.targets.begin(), out.targets.end(), -1);
        streams.attach(part, out);
      },
      0, 1, 1e-2);
  streams.advance();
  for (const CheckpointTensor& state : streams.tensors()) {
    double sum = 0;
    for (int64_t i = 0; i < state.values.elements(); ++i) sum += std::abs(state.values.as<float>()[i]);
    EXPECT_GT(sum, 0) << state.name;
  }
}

}  // namespace
}  // namespace malmoi::train
