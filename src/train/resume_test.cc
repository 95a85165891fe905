// Which sequences a run reads, once and again after it was stopped, with another batch and another optimiser; steps without
// anything to learn; checkpoints by the clock.
#include <gmock/gmock.h>

#include <numeric>

#include "train/loop.h"
#include "train/tiny_models.h"

namespace malmoi::train {
namespace {

using testing::HasSubstr;

// Remembers the numbers of the examples that were asked for.
class CountingSource final : public ExampleSource {
 public:
  explicit CountingSource(uint64_t size, bool masked = false) : size_(size), masked_(masked) {}
  uint64_t size() const override { return size_; }
  uint64_t tokens() const override { return size_ * kLength; }
  void append(uint64_t n, Examples& out) const override {
    read.push_back(n);
    std::vector<int32_t> ids(kLength, static_cast<int32_t>(n % 7));
    out.input.add(ids);
    out.targets.insert(out.targets.end(), kLength, masked_ ? -1 : 1);
  }
  mutable std::vector<uint64_t> read;

 private:
  static constexpr size_t kLength = 4;
  uint64_t size_;
  bool masked_;
};

class Run : public testing::Test {
 protected:
  void SetUp() override {
    config_.out = (Path(testing::TempDir()) / "malmoi_resume").string();
    std::filesystem::remove_all(config_.out);
    config_.batch_size = 2;
    config_.save_minutes = 0;
    ASSERT_TRUE(make_folder(config_.out).ok());
  }

  // A run of the model from its first weights, or from the newest checkpoint.
  Result<LoopResult> run(CountingSource& source, LoopInputs inputs, LoopEvents events = {}) {
    Trained trained(objective_entry("causal_lm"), "llama", {}, {}, config_.optimizer);
    inputs.config = &config_;
    inputs.stepper = trained.stepper.get();
    inputs.optimizer = trained.optimizer.get();
    inputs.train = &source;
    if (!events.warn) events.warn = [this](const std::string& text) { warnings_.push_back(text); };
    return run_loop(inputs, events);
  }
  // Stops it after so many steps.
  static LoopEvents stop_after(int64_t steps) {
    auto left = std::make_shared<int64_t>(steps);
    LoopEvents events;
    events.stop_requested = [left] { return --*left == 0; };
    return events;
  }
  static std::vector<uint64_t> numbers(uint64_t begin, uint64_t end) {
    std::vector<uint64_t> list(end - begin);
    std::iota(list.begin(), list.end(), begin);
    return list;
  }

  TrainConfig config_;
  std::vector<std::string> warnings_;
};

TEST_F(Run, AnEpochReadsEachSequenceOnce) {
  for (auto [sequences, steps] : {std::pair{5u, 3}, {10u, 5}, {1u, 1}}) {
    std::filesystem::remove_all(config_.out);
    ASSERT_TRUE(make_folder(config_.out).ok());
    CountingSource source(5);
    auto result = run(source, {.sequences = sequences});
    ASSERT_TRUE(result.ok()) << result.error().to_string();
    EXPECT_EQ(result->steps, steps);
    EXPECT_EQ(source.read, numbers(0, sequences));
  }
}

TEST_F(Run, ResumedWithAnotherBatchItReadsOnWhereItStood) {
  CountingSource before(7), after(7);
  ASSERT_TRUE(run(before, {.sequences = 14}, stop_after(3)).ok());
  EXPECT_EQ(before.read, numbers(0, 6));
  config_.batch_size = 3;
  std::vector<int64_t> totals;
  LoopEvents events;
  events.on_step = [&](const StepMetrics& m) { totals.push_back(m.steps); };
  auto result = run(after, {.sequences = 14, .resume = true}, events);
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_EQ(after.read, numbers(6, 14));
  EXPECT_EQ(result->steps, 6) << "three of two, two of three, one of what is left";
  EXPECT_EQ(totals, (std::vector<int64_t>{6, 6, 6}));
}

TEST_F(Run, AnotherOptimiserIsRefusedByName) {
  CountingSource source(8);
  ASSERT_TRUE(run(source, {.steps = 4}, stop_after(2)).ok());
  config_.optimizer.name = "lion";
  auto result = run(source, {.steps = 4, .resume = true});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().to_string(), AllOf(HasSubstr("adamw"), HasSubstr("lion")));
}

TEST_F(Run, StepsWithNothingToLearnAreSaidAndEndNothing) {
  CountingSource masked(8, true);
  config_.max_bad_steps = 2;
  auto result = run(masked, {.steps = 6});
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_EQ(result->skipped_steps, 6);
  EXPECT_FALSE(result->last_loss.has_value());
  ASSERT_EQ(warnings_.size(), 4u) << "three of them, and how many there were";
  EXPECT_THAT(warnings_[0], HasSubstr("nothing is learned"));
  EXPECT_THAT(warnings_[3], HasSubstr("6 steps had no target"));
}

TEST_F(Run, TheClockSavesWithoutStepsBeingGiven) {
  config_.save_minutes = 1e-9;
  const CheckpointStore store(Path(config_.out) / "checkpoints");
  std::vector<size_t> saved;
  LoopEvents events;
  events.on_step = [&](const StepMetrics&) { saved.push_back(store.steps().size()); };
  CountingSource source(8);
  ASSERT_TRUE(run(source, {.steps = 3}, events).ok());
  EXPECT_EQ(saved[0], 0u);
  EXPECT_GE(saved[1], 1u) << "a kill here loses one step";
  config_.save_minutes = 0;
  std::filesystem::remove_all(config_.out);
  ASSERT_TRUE(make_folder(config_.out).ok());
  saved.clear();
  ASSERT_TRUE(run(source, {.steps = 3}, events).ok());
  EXPECT_EQ(saved[2], 0u);
}

}  // namespace
}  // namespace malmoi::train
