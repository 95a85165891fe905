// Tests of the loop: what it goes on from, what it refuses to go on from, and what it warns of and goes on.
#include "train/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include "train/full_disk.h"
#include "train/tiny_models.h"

namespace malmoi::train {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class LoopRun : public testing::Test {
 protected:
  void SetUp() override {
    config_.out = (Path(testing::TempDir()) / "loop_test").string();
    config_.batch_size = 1;
    config_.save_every = 2;
    std::filesystem::remove_all(config_.out);
    ASSERT_TRUE(make_folder(config_.out).ok());
    events_.warn = [this](const std::string& text) { warnings_.push_back(text); };
  }
  // A new process' run of so many steps: the model begins anew, or as the checkpoint has it.
  Result<LoopResult> run(int64_t steps, bool resume = false) {
    trained_ = std::make_unique<Trained>(entry_, "llama");
    FourRows train(entry_, *trained_->model, counted_), valid(entry_, *trained_->model, counted_in_valid_);
    return run_loop({.config = &config_,
                     .stepper = trained_->stepper.get(),
                     .optimizer = trained_->optimizer.get(),
                     .train = &train,
                     .valid = validates_ ? &valid : nullptr,
                     .steps = steps,
                     .resume = resume},
                    events_);
  }
  std::string refusal(int64_t steps) {
    auto result = run(steps, true);
    return result.ok() ? "accepted" : result.error().to_string();
  }
  Path state_file(int64_t step) const {
    return CheckpointStore(Path(config_.out) / "checkpoints").path_of(step) / "state.json";
  }
  void damage(int64_t step) {
    std::string text = *read_file(state_file(step));
    text.replace(text.find("\"seed\": 1"), 9, "\"seed\": 2");
    ASSERT_TRUE(write_file(state_file(step), text).ok());
  }
  std::vector<int64_t> steps_saved() const { return CheckpointStore(Path(config_.out) / "checkpoints").steps(); }

  const ObjectiveEntry& entry_ = objective_entry("causal_lm");
  TrainConfig config_;
  LoopEvents events_;
  std::unique_ptr<Trained> trained_;
  FourRows::Counted counted_ = FourRows::kAll, counted_in_valid_ = FourRows::kAll;
  bool validates_ = false;
  std::vector<std::string> warnings_;
};

TEST_F(LoopRun, AStepWithoutTargetsIsToldAndValidationWithoutThemRefused) {
  counted_ = FourRows::kEven;
  auto result = run(4);
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_EQ(result->skipped_steps, 2);
  EXPECT_THAT(warnings_, AllOf(SizeIs(2), Each(HasSubstr("none of its targets counts"))));
  validates_ = true;
  counted_in_valid_ = FourRows::kNone;
  auto refused = run(4);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), AllOf(HasSubstr("data.valid"), HasSubstr("counts")));
}

TEST_F(LoopRun, GoesOnFromADamagedLineOfMetrics) {
  ASSERT_TRUE(run(2).ok());
  const Path metrics = Path(config_.out) / "metrics.jsonl";
  ASSERT_TRUE(write_file(metrics, "{\"step\": {}}\n" + *read_file(metrics)).ok());
  auto result = run(4, true);
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_EQ(result->resumed_from, 2);
  EXPECT_THAT(warnings_, Contains(HasSubstr("damaged")));
}

TEST_F(LoopRun, AStateThatIsDamagedIsPassedOverAndNoneAtAllRefused) {
  ASSERT_TRUE(run(4).ok());
  damage(4);
  auto result = run(6, true);
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_EQ(result->resumed_from, 2);
  EXPECT_THAT(warnings_, AllOf(SizeIs(1), Each(AllOf(HasSubstr("state.json"), HasSubstr("before it")))));
  const std::string metrics = *read_file(Path(config_.out) / "metrics.jsonl");
  for (int64_t step : {2, 4, 6}) damage(step);
  warnings_.clear();
  EXPECT_THAT(refusal(8), AllOf(HasSubstr("none of the 3 checkpoints"), HasSubstr("step-00000002/state.json"),
                                HasSubstr("remove this folder")));
  EXPECT_EQ(*read_file(Path(config_.out) / "metrics.jsonl"), metrics) << "nothing is written over";
  std::filesystem::remove_all(Path(config_.out) / "checkpoints");
  result = run(2, true);
  ASSERT_TRUE(result.ok()) << "who removes them begins again: " << result.error().to_string();
  EXPECT_EQ(result->resumed_from, 0);
}

TEST_F(LoopRun, GoesOnAfterALossThatIsNotFinite) {
  events_.on_step = [&](const StepMetrics& metrics) {  // for the second step alone
    for (auto& entry : trained_->model->parameters.entries())
      if (entry->spec.name == "model.norm.weight")
        entry->parameter.master.as<float>()[0] = metrics.step == 0 ? std::numeric_limits<float>::quiet_NaN() : 1;
  };
  auto first = run(2);
  ASSERT_TRUE(first.ok()) << first.error().to_string();
  ASSERT_TRUE(std::isnan(first->last_loss.value_or(0)));
  EXPECT_TRUE((*read_json(state_file(2).string()))["last_loss"].is_null());
  events_.on_step = {};
  auto result = run(4, true);
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_EQ(result->resumed_from, 2);
  result = run(4, true);
  EXPECT_TRUE(std::isfinite(result->last_loss.value_or(NAN)));
}

TEST_F(LoopRun, WeightsThatAreNotFiniteAreNotSaved) {
  events_.on_step = [&](const StepMetrics& metrics) {
    if (metrics.step == 2) trained_->model->parameters.entries()[0]->parameter.master.as<float>()[3] = INFINITY;
  };
  ASSERT_TRUE(run(4).ok());
  EXPECT_EQ(steps_saved(), (std::vector<int64_t>{2})) << "the last good one";
  EXPECT_THAT(warnings_,
              Contains(AllOf(HasSubstr("checkpoint of step 4"), HasSubstr("embed_tokens"), HasSubstr("not finite"))));
  auto result = run(4, true);
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_EQ(result->resumed_from, 2);
}

TEST_F(LoopRun, WeightsThatOnlyGaveLossesThatAreNotFiniteArePutAside) {
  config_.save_every = 1;
  config_.max_bad_steps = 3;
  events_.on_step = [&](const StepMetrics& metrics) {  // the fourth step leaves finite weights whose products are not
    for (auto& entry : trained_->model->parameters.entries())
      if (entry->spec.name == "model.norm.weight" && metrics.step == 3)
        std::fill_n(entry->parameter.master.as<float>(), entry->parameter.master.elements(), 3e38f);
  };
  auto failed = run(20);
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().to_string(),
              AllOf(HasSubstr("3 steps in a row"), HasSubstr("not finite"), HasSubstr("--resume: from step 3")));
  EXPECT_EQ(steps_saved(), (std::vector<int64_t>{2, 3})) << "steps that are skipped push nothing out";
  EXPECT_TRUE(malmoi::exists(Path(config_.out) / "checkpoints" / "aside-step-00000004" / "state.json"));
  events_.on_step = {};
  auto result = run(6, true);
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_EQ(result->resumed_from, 3);
  EXPECT_EQ(result->skipped_steps, 0);
}

TEST_F(LoopRun, WhereAllCheckpointsAreOfRuinedWeightsTheyStay) {
  config_.save_every = 1;
  config_.max_bad_steps = 2;
  events_.on_step = [&](const StepMetrics& metrics) {
    for (auto& entry : trained_->model->parameters.entries())
      if (entry->spec.name == "model.norm.weight" && metrics.step == 0)
        std::fill_n(entry->parameter.master.as<float>(), entry->parameter.master.elements(), 3e38f);
  };
  auto failed = run(20);
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().to_string(), HasSubstr("begin again"));
  EXPECT_EQ(steps_saved(), (std::vector<int64_t>{1}));
}

TEST_F(LoopRun, AStopWithoutItsCheckpointSaysSo) {
  std::unique_ptr<FullDisk> full;
  config_.save_every = 2;
  events_.on_step = [&](const StepMetrics& metrics) {
    if (metrics.step == 2) full = std::make_unique<FullDisk>(4096);
  };
  events_.stop_requested = [&] { return full != nullptr; };
  auto result = run(6);
  full.reset();
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_TRUE(result->interrupted);
  EXPECT_EQ(result->saved_step, 2);
  ASSERT_TRUE(result->unsaved.has_value());
  EXPECT_THAT(warnings_, Not(Contains(HasSubstr("training goes on"))));
}

// Its third step is stopped while its examples are made.
class StoppedRows final : public ExampleSource {
 public:
  StoppedRows(const ExampleSource& rows, bool& stopped) : rows_(rows), stopped_(stopped) {}
  uint64_t size() const override { return rows_.size(); }
  uint64_t tokens() const override { return rows_.tokens(); }
  void append(uint64_t n, Examples& out) const override { rows_.append(n, out); }
  Status prepare(uint64_t first, uint64_t) override {
    stopped_ = first == 2;
    return stopped_ ? Status(Error{ErrorCode::kCancelled, "stopped", "answers", ""}) : Status();
  }

 private:
  const ExampleSource& rows_;
  bool& stopped_;
};

TEST_F(LoopRun, AStopWhileExamplesAreMadeLeavesACheckpointOfTheStepBefore) {
  bool stopped = false;
  events_.stop_requested = [&] { return stopped; };
  config_.save_every = 0;
  config_.save_minutes = 0;
  trained_ = std::make_unique<Trained>(entry_, "llama");
  const FourRows rows(entry_, *trained_->model);
  StoppedRows train(rows, stopped);
  LoopInputs inputs{.config = &config_,
                    .stepper = trained_->stepper.get(),
                    .optimizer = trained_->optimizer.get(),
                    .train = &train,
                    .steps = 4};
  auto result = run_loop(inputs, events_);
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_TRUE(result->interrupted);
  EXPECT_EQ(result->steps, 2);
  EXPECT_EQ(steps_saved(), (std::vector<int64_t>{2}));
  events_.stop_requested = {};
  EXPECT_FALSE(run_loop(inputs, events_).ok()) << "an error that nobody asked for ends the run";
}

TEST_F(LoopRun, ADiskWithoutSpaceIsToldOnceAndTrainingGoesOn) {
  std::unique_ptr<FullDisk> full;
  validates_ = true;
  config_.eval_every = 2;
  config_.save_every = 0;
  events_.on_best = [&](int64_t step, double) -> Status {
    return step == 2 ? Status(invalid_data("no space", "best")) : Status();
  };
  events_.on_step = [&](const StepMetrics& metrics) {
    if (metrics.step == 0) full = std::make_unique<FullDisk>(64);
    if (metrics.step == 4) full.reset();
  };
  auto result = run(6);
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_EQ(result->steps, 6);
  EXPECT_THAT(warnings_, AllOf(SizeIs(2), Contains(HasSubstr("metrics.jsonl")), Contains(HasSubstr("best"))));
  std::ifstream file(Path(config_.out) / "metrics.jsonl");
  int64_t next = 0;
  for (std::string line; std::getline(file, line); ++next) EXPECT_EQ(step_of_line(line), next);
  EXPECT_EQ(next, 6) << "what was missing was written once there was space";
}

}  // namespace
}  // namespace malmoi::train
