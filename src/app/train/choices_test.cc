// What a run chooses by itself: its steps for a time, the type of products, and that a resumed run chooses nothing anew.
#include "app/train/choices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/train/small_run.h"
#include "kernels/gemm.h"

namespace malmoi::app {
namespace {

using testing::Contains;
using testing::HasSubstr;

train::TrainConfig timed(int64_t warmup, int64_t eval_every = -1) {
  train::TrainConfig config;
  config.minutes = 1;
  config.schedule.warmup_steps = warmup;
  config.eval_by_share = eval_every < 0;
  config.eval_every = std::max<int64_t>(eval_every, 0);
  return config;
}

TEST(FitLength, StepsAndEvaluationsFitTheTime) {
  ChosenLength fast = fit_length(timed(100), {.step_seconds = 0.01, .evaluation_seconds = 0.5}, 60);
  EXPECT_EQ(fast.steps, 5500) << "ten evaluations of half a second";
  EXPECT_EQ(fast.eval_every, 550);
  EXPECT_EQ(fast.warmup_steps, 100);
  ChosenLength slow = fit_length(timed(100), {.step_seconds = 1, .evaluation_seconds = 5}, 60);
  EXPECT_EQ(slow.steps, 50) << "evaluations take a fifth at most: two";
  EXPECT_EQ(slow.eval_every, 25);
  EXPECT_EQ(slow.warmup_steps, 5) << "a tenth of the steps at most";
  EXPECT_EQ(fit_length(timed(0, 10), {.step_seconds = 1, .evaluation_seconds = 5}, 60).steps, 40);
  EXPECT_EQ(fit_length(timed(0), {.step_seconds = 100}, 60).steps, 1);
  train::TrainConfig config = timed(0);
  config.schedule.decay_steps = 1000;
  EXPECT_EQ(fit_length(config, {.step_seconds = 1}, 60).decay_steps, 60);
}

// Counts seconds as they are said to pass.
struct FakeClock {
  double now = 0;
  Clock clock() {
    return [this] { return now; };
  }
  std::function<Status()> takes(double seconds, int* calls = nullptr) {
    return [this, seconds, calls] {
      now += seconds;
      if (calls) ++*calls;
      return Status();
    };
  }
};

TEST(MeasureSpeed, CountsAllThatAnEvaluationDoes) {
  FakeClock fake;
  int outputs = 0;
  TimedRun run{.step =
                   [&](int64_t step) {
                     fake.now += step == 0 ? 30 : 2;
                     return Status();
                   },
               .evaluation = {{fake.takes(1), 20}, {fake.takes(5, &outputs)}, {fake.takes(0.5)}},
               .save = fake.takes(7),
               .clock = fake.clock()};
  auto speed = measure_speed(run, 40);
  ASSERT_TRUE(speed.ok());
  EXPECT_EQ(speed->step_seconds, 2) << "without the first step";
  EXPECT_EQ(speed->evaluation_seconds, 20 * 1 + 5 + 0.5) << "a batch for all, the outputs, the samples";
  EXPECT_EQ(outputs, 1);
  EXPECT_EQ(speed->save_seconds, 7);
  EXPECT_EQ(fake.now, 30 + 5 * 2 + 1 + 5 + 0.5 + 7);
  run.evaluation[1].run = [] { return Status(invalid_data("no memory")); };
  EXPECT_FALSE(measure_speed(run, 1).ok());
}

// Seconds of the run that was chosen: its steps, and an evaluation after each `eval_every` of them and after the last.
double seconds_of(const ChosenLength& length, const Speed& speed) {
  double seconds = 0;
  for (int64_t step = 1; step <= length.steps; ++step) {
    seconds += speed.step_seconds;
    const bool due = length.eval_every > 0 && step % length.eval_every == 0;
    if (due || step == length.steps) seconds += speed.evaluation_seconds;
  }
  return seconds;
}

TEST(FitLength, FiveMinutesEndInFiveMinutes) {
  for (double evaluation : {0.0, 0.3, 7.0, 45.0}) {
    for (double step : {0.01, 0.7, 4.0}) {
      for (int64_t eval_every : {-1, 0, 7, 100}) {
        const Speed speed{.step_seconds = step, .evaluation_seconds = evaluation};
        const double seconds = seconds_of(fit_length(timed(0, eval_every), speed, 300), speed);
        SCOPED_TRACE(testing::Message() << evaluation << " " << step << " " << eval_every);
        EXPECT_LE(seconds, 300 + 1e-6);
        EXPECT_GE(seconds, 300 - 2 * step - evaluation) << "and there is no room for more";
      }
    }
  }
}

TEST(FitLength, CheckpointsArePartOfTheTime) {
  train::TrainConfig config = timed(0);
  config.save_minutes = 1;
  const Speed speed{.step_seconds = 1, .save_seconds = 2};
  EXPECT_EQ(fit_length(config, speed, 300).steps, 300 - 2 - 4 * 2) << "one each minute, one at the end";
  config.save_minutes = 0;
  EXPECT_EQ(fit_length(config, speed, 300).steps, 300 - 2);
  config.save_every = 10;
  EXPECT_EQ(fit_length(config, speed, 302).steps, 250) << "twelve seconds for each ten";
  config.save_every = 0;
  config.save_minutes = 1;
  EXPECT_EQ(fit_length(config, {.step_seconds = 1, .save_seconds = 6}, 300).steps, 300 - 6 - 2 * 6)
      << "they wait twenty times as long as they take";
}

class ChosenRun : public SmallRun {
 protected:
  void SetUp() override {
    SmallRun::SetUp();
    document_.root["train"] = {
        {"batch_size", 2}, {"minutes", 0.005}, {"dtype", "auto"}, {"schedule", {{"warmup_steps", 1000}}}};
    document_.root.erase("samples");
  }
  Json chosen() const { return *read_json((folder_ / "run" / "chosen.json").string()); }
};

TEST_F(ChosenRun, ARunFitsItsMinutesAndSaysWhatItChose) {
  auto report = train(document_, {}, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  const Json first = chosen();
  EXPECT_EQ(first["steps"], report->steps);
  EXPECT_LE(first["warmup_steps"].get<int64_t>(), report->steps / 10)
      << "the schedule is of the steps that were chosen";
  EXPECT_EQ(report->dtype, kernels::has_bf16_products() ? "bf16" : "f32");
  EXPECT_THAT(messages_, Contains(HasSubstr("dtype " + report->dtype)));
  EXPECT_THAT(messages_, Contains(HasSubstr("steps fit 0.005 min")));
  EXPECT_TRUE(report->best.has_value()) << "it is evaluated without eval_every";
}

TEST_F(ChosenRun, WhatMeasuringTakesIsPartOfTheTime) {
  auto folder = RunFolder::open(folder_ / "fake", {}, false);
  ASSERT_TRUE(folder.ok());
  FakeClock fake;
  Choices choices(*folder, false, fake.clock());
  train::TrainConfig config = timed(0);
  auto measured = choices.choose_length(
      config,
      [&](double) {
        fake.now += 20;
        return Result<Speed>(Speed{.step_seconds = 1, .evaluation_seconds = 2});
      },
      job_);
  ASSERT_TRUE(measured.ok() && *measured);
  EXPECT_EQ(config.steps, 32) << "of 40 s four evaluations take 8";
  EXPECT_EQ(config.eval_every, 8);
}

TEST_F(ChosenRun, MeasuringLeavesNothingInTheFolder) {
  document_.root["samples"] = {{"prompts", {"the"}}, {"tokens", 3}};
  auto report = train(document_, {}, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "run"))
    EXPECT_THAT(entry.path().filename().string(), testing::Not(HasSubstr("rehearsal")));
  EXPECT_THAT(*read_file(folder_ / "run" / "samples.jsonl"), testing::Not(HasSubstr("\"step\":0")));
}

TEST_F(ChosenRun, AResumedRunGoesOnWithWhatWasChosen) {
  StopSource source;
  job_.stop = source.token();
  job_.message = [&](const std::string& line) {
    messages_.push_back(line);
    if (line.find("steps of") != std::string::npos) source.request();
  };
  ASSERT_FALSE(train(document_, {}, job_).ok());
  Json before = chosen();
  // As another machine would have chosen: what stands there holds.
  before["dtype"] = "f32";
  before["steps"] = 7;
  ASSERT_TRUE(write_file(folder_ / "run" / "chosen.json", dump_json(before)).ok());
  std::filesystem::remove_all(folder_ / "run" / "checkpoints");
  std::filesystem::remove(folder_ / "run" / "metrics.jsonl");
  source.clear();
  job_.message = {};
  auto resumed = train(document_, {.resume = true, .trace = {}}, job_);
  ASSERT_TRUE(resumed.ok()) << resumed.error().to_string();
  EXPECT_EQ(resumed->steps, 7);
  EXPECT_EQ(resumed->dtype, "f32");
}

TEST_F(ChosenRun, TheSameStepsGivenByHandAreTheSameRun) {
  document_.root["train"]["dtype"] = "f32";
  document_.root["train"]["schedule"]["warmup_steps"] = 2;
  auto timed = train(document_, {}, job_);
  ASSERT_TRUE(timed.ok()) << timed.error().to_string();
  const Json first = chosen();
  document_.root["train"].erase("minutes");
  document_.root["train"]["steps"] = first["steps"];
  document_.root["train"]["eval_every"] = first["eval_every"];
  document_.root["train"]["schedule"]["warmup_steps"] = first["warmup_steps"];
  document_.root["out"] = (folder_ / "again").string();
  auto counted = train(document_, {}, job_);
  ASSERT_TRUE(counted.ok()) << counted.error().to_string();
  EXPECT_EQ(timed->loss, counted->loss) << "what was measured with leaves no trace";
  EXPECT_EQ(timed->best->valid_loss, counted->best->valid_loss);
}

}  // namespace
}  // namespace malmoi::app
