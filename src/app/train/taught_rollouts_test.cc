// On-policy distillation: a student samples answers to prompts and learns what a teacher says of each of their tokens.
#include "app/train/small_run.h"

namespace malmoi::app {
namespace {

class TaughtRollouts : public SmallRun {
 protected:
  void SetUp() override {
    SmallRun::SetUp();
    document_.root["train"]["optimizer"] = {{"lr", 0.05}};  // so that the average is another model than the last
    train_base();
    std::string prompts;
    for (const char* words : {"the", "the quick", "lazy", "over the"})
      prompts += dump_json({{"prompt", words}, {"completion", " dog"}}) + "\n";
    ASSERT_TRUE(write_file(folder_ / "prompts.jsonl", prompts).ok());
  }
  // A student that begins as the run's model.
  std::vector<Json> metrics_of(const std::string& teacher, const std::string& out, int64_t steps, bool resume = false,
                               double on_policy = 1) const {
    ConfigDocument document = run_from_base(out, steps);
    document.root["objective"] = {{"name", "distillation"},
                                  {"teacher", teacher},
                                  {"loss", "reverse_kl"},
                                  {"max_tokens", 4},
                                  {"on_policy", on_policy}};
    document.root["data"] = {
        {"format", "prompts"}, {"train", {(folder_ / "prompts.jsonl").string()}}, {"sequence_length", 16}};
    document.root["train"]["optimizer"] = {{"lr", 0.01}};
    return SmallRun::metrics_of(document, resume);
  }
};

TEST_F(TaughtRollouts, LearnFromTheTeacherAlone) {
  const std::vector<Json> by_itself = metrics_of((folder_ / "run" / "model").string(), "itself", 1);
  ASSERT_EQ(by_itself.size(), 1u);
  EXPECT_NEAR(by_itself[0]["loss"].get<double>(), 0, 1e-5) << "what it says is what the teacher says";
  const std::vector<Json> taught = metrics_of((folder_ / "run" / "ema").string(), "taught", 3);
  ASSERT_EQ(taught.size(), 3u);
  for (const Json& row : taught) {
    EXPECT_GT(row["loss"].get<double>(), 1e-6);
    EXPECT_NEAR(row["loss"].get<double>(), 4 * row["reverse_kl"].get<double>(), 1e-5);
    EXPECT_GT(row["answer_tokens"].get<double>(), 0);
    EXPECT_LE(row["answer_tokens"].get<double>(), 4);
    EXPECT_FALSE(row.contains("reward") || row.contains("zero_variance"));
  }
}

TEST_F(TaughtRollouts, GoOnWithTheSameAnswers) {
  const std::string teacher = (folder_ / "run" / "ema").string();
  const std::vector<Json> whole = metrics_of(teacher, "whole", 4);
  metrics_of(teacher, "parts", 2);
  const std::vector<Json> parts = metrics_of(teacher, "parts", 4, true);
  ASSERT_EQ(parts.size(), whole.size());
  for (size_t s = 0; s < whole.size(); ++s) {
    EXPECT_EQ(parts[s]["loss"], whole[s]["loss"]) << s;
    EXPECT_EQ(parts[s]["answer_tokens"], whole[s]["answer_tokens"]) << s;
  }
}

TEST_F(TaughtRollouts, GoOnWithTheSameMixtureOfSampledAnswersAndTheDatas) {
  const std::string teacher = (folder_ / "run" / "ema").string();
  const std::vector<Json> whole = metrics_of(teacher, "mixed", 6, false, 0.5);
  metrics_of(teacher, "mixed_parts", 3, false, 0.5);
  const std::vector<Json> parts = metrics_of(teacher, "mixed_parts", 6, true, 0.5);
  ASSERT_EQ(whole.size(), 6u);
  ASSERT_EQ(parts.size(), 6u);
  double sampled = 0;
  for (size_t s = 0; s < whole.size(); ++s) {
    EXPECT_EQ(parts[s]["loss"], whole[s]["loss"]) << s;
    EXPECT_EQ(parts[s]["on_policy"], whole[s]["on_policy"]) << s;
    sampled += whole[s]["on_policy"].get<double>() / 6;
  }
  EXPECT_GT(sampled, 0);
  EXPECT_LT(sampled, 1);
}

}  // namespace
}  // namespace malmoi::app
