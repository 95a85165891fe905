// Distillation from a teacher that is asked before the first step: a run of it, and a run that goes on.
#include <map>

#include "app/train/plan.h"
#include "app/train/small_run.h"

namespace malmoi::app {
namespace {

class SampledTeacherRun : public SmallRun {
 protected:
  void SetUp() override {
    SmallRun::SetUp();
    document_.root["train"]["optimizer"] = {{"lr", 0.05}};  // so that the average is another model than the last
    train_base();
  }
  // A student that begins as the run's model and is taught by the average of its weights.
  ConfigDocument student(const std::string& out, int64_t steps, int64_t samples) const {
    ConfigDocument document = run_from_base(out, steps);
    document.root["objective"] = {{"name", "distillation"},
                                  {"teacher", (folder_ / "run" / "ema").string()},
                                  {"alpha", 0},
                                  {"temperature", 1},
                                  {"samples", samples}};
    document.root["data"] = {
        {"train", {(folder_ / "text.txt").string()}}, {"valid_fraction", 0.2}, {"sequence_length", 16}};
    document.root["train"]["eval_every"] = 2;
    document.root["train"]["optimizer"] = {{"lr", 0.01}};
    return document;
  }
  // When each was written.
  std::map<Path, std::filesystem::file_time_type> files_of(const std::string& out) const {
    std::map<Path, std::filesystem::file_time_type> files;
    for (const auto& file : std::filesystem::directory_iterator(folder_ / out / "data")) {
      if (file.path().extension() == ".draws") files[file.path()] = file.last_write_time();
    }
    return files;
  }
};

TEST_F(SampledTeacherRun, LearnsWhatTheTeacherSaysWithoutItsMemory) {
  ConfigDocument asked_live = student("live", 1, 0), asked_before = student("sampled", 1, 1023);
  for (ConfigDocument* one : {&asked_live, &asked_before}) one->root["data"]["order"] = "sequential";
  const std::vector<Json> live = metrics_of(asked_live), sampled = metrics_of(asked_before);
  ASSERT_EQ(live.size(), sampled.size());
  EXPECT_NEAR(sampled[0]["kl"].get<double>(), live[0]["kl"].get<double>(), 5e-3);
  EXPECT_NEAR(sampled[0]["loss"].get<double>(), live[0]["loss"].get<double>(), 5e-3);
  EXPECT_EQ(files_of("sampled").size(), 2u) << "of what is trained on, and of what is held out";
  const auto asked = plan(student("live", 1, 0), {.rate = 1e9}), known = plan(student("sampled", 1, 8), {.rate = 1e9});
  ASSERT_TRUE(asked.ok()) << asked.error().to_string();
  ASSERT_TRUE(known.ok()) << known.error().to_string();
  EXPECT_EQ(asked->memory.weights - known->memory.weights, known->memory.asked);
  EXPECT_EQ(asked->memory.asked, 0u);
  EXPECT_GT(known->memory.asked, 0u) << "it stands there before the first step";
}

TEST_F(SampledTeacherRun, GoesOnToTheSameBits) {
  const std::vector<Json> whole = metrics_of(student("whole", 6, 8));
  metrics_of(student("parts", 3, 8));
  const auto files = files_of("parts");
  const std::vector<Json> parts = metrics_of(student("parts", 6, 8), true);
  auto losses = [](const std::vector<Json>& rows) {
    std::vector<Json> values;
    for (const Json& row : rows) {
      if (row.contains("loss")) values.push_back(row["loss"]);
    }
    return values;
  };
  EXPECT_EQ(losses(parts), losses(whole));
  EXPECT_EQ(files.size(), 2u);
  EXPECT_EQ(files_of("parts"), files) << "it was not asked again";
}

}  // namespace
}  // namespace malmoi::app
