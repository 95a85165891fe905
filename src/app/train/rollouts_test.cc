// Rollouts: which prompts are read, what is sampled for them and told of it, and that a run of them goes on as it began.
#include "app/train/rollouts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <set>

#include "app/train/plan.h"
#include "app/train/small_run.h"
#include "infer/tiny_model.h"
#include "model/save.h"

namespace malmoi::app {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;

constexpr int64_t kGroup = 2, kAnswerTokens = 3, kPrompts = 3;

// A model that writes x and y alone: its last hidden state has one element, whose sign chooses between them.
void write_letters(model::Model& model) {
  constexpr float kSure = 1e4f;
  for (auto& entry : model.parameters.entries()) {
    Tensor& master = entry->parameter.master;
    auto* values = master.as<float>();
    const std::string& name = entry->spec.name;
    if (name != "model.norm.weight" && name != "lm_head.weight") continue;
    std::fill_n(values, master.elements(), 0.0f);
    if (name == "model.norm.weight") values[0] = 1;
    if (name != "lm_head.weight") continue;
    values['x' * master.shape().columns()] = kSure;
    values['y' * master.shape().columns()] = -kSure;
  }
  model.refresh_compute();
}

// All that such a model may answer.
Json all_answers() {
  Json texts = Json::array();
  for (int bits = 0; bits < 1 << kAnswerTokens; ++bits) {
    std::string text;
    for (int i = 0; i < kAnswerTokens; ++i) text += bits >> i & 1 ? 'x' : 'y';
    texts.push_back(text);
  }
  return texts;
}

std::map<std::string, double> by_name(const std::vector<train::NamedFigure>& figures) {
  return {figures.begin(), figures.end()};
}

class Rollouts : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test_folder("rollouts");
    model_ = infer::tiny_model();
    ASSERT_TRUE(model::save_model(*model_, folder_ / "base").ok());
    ASSERT_TRUE(write_file(folder_ / "base" / "tokenizer.json", infer::tiny_tokenizer_json()).ok());
    auto tokenizer = tokenizer::Tokenizer::load(folder_ / "base");
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
    tokenizer_ = std::make_unique<tokenizer::Tokenizer>(*std::move(tokenizer));
    write_prompts({R"({"prompt": "one"})", R"({"prompt": "two and"})", R"({"prompt": "three"})"});
    document_.root = {
        {"objective", {{"name", "grpo"}, {"group", kGroup}, {"max_tokens", kAnswerTokens}}},
        {"model", {{"init_from", (folder_ / "base").string()}}},
        {"data", {{"format", "prompts"}, {"train", {(folder_ / "prompts.jsonl").string()}}, {"sequence_length", 16}}},
        {"train",
         {{"batch_size", 2 * kGroup},
          {"steps", 2},
          {"dtype", "f32"},
          {"schedule", {{"name", "constant"}}},
          {"optimizer", {{"lr", 0.01}}}}},
        {"out", (folder_ / "run").string()}};
    judge_by({{"type", "length"}, {"target", 2}, {"slope", 0.25}});
  }

  void write_prompts(const std::vector<std::string>& rows) const {
    std::string lines;
    for (const std::string& row : rows) lines += row + "\n";
    ASSERT_TRUE(write_file(folder_ / "prompts.jsonl", lines).ok());
  }
  void judge_by(const Json& reward) { document_.root["objective"]["rewards"] = Json::array({reward}); }

  Result<PreparedData> prepared() {
    auto config = train::parse_train_config(document_);
    if (!config.ok()) return config.error();
    config_ = *std::move(config);
    return prepare_rollouts(config_, model_, *tokenizer_, job_);
  }
  std::string refusal() {
    auto data = prepared();
    return data.ok() ? "accepted" : data.error().to_string();
  }
  // Answers [first, first + count), prepared in one call.
  static train::Examples sampled(train::ExampleSource& source, uint64_t first, uint64_t count) {
    train::Examples out;
    Status done = source.prepare(first, count);
    EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().to_string());
    for (uint64_t n = first; done.ok() && n < first + count; ++n) source.append(n, out);
    return out;
  }
  static std::vector<int32_t> ids_of(const train::Examples& examples, size_t run) {
    const autograd::Run& rows = examples.input.runs()[run];
    const auto ids = examples.input.batch().ids;
    std::vector<int32_t> all(ids.begin() + rows.begin, ids.begin() + rows.begin + rows.length);
    all.push_back(examples.targets[static_cast<size_t>(rows.begin + rows.length - 1)]);
    return all;
  }
  static std::vector<int32_t> prompt_of(const train::Examples& examples, size_t run) {
    std::vector<int32_t> ids = ids_of(examples, run);
    ids.resize(static_cast<size_t>(examples.completions[run]) + 1);
    return ids;
  }
  // Trains so many steps of the configuration into `run`; gives the lines of its metrics.
  std::vector<Json> train_steps(const char* run, int64_t steps, bool resume) {
    document_.root["out"] = (folder_ / run).string();
    document_.root["train"]["steps"] = steps;
    auto report = train(document_, {.resume = resume}, job_);
    EXPECT_TRUE(report.ok()) << (report.ok() ? "" : report.error().to_string());
    return metrics_in(folder_ / run);
  }

  Path folder_;
  ConfigDocument document_;
  train::TrainConfig config_;
  std::unique_ptr<model::Model> model_;
  std::unique_ptr<tokenizer::Tokenizer> tokenizer_;
  Job job_;
};

TEST_F(Rollouts, AGroupAnswersOnePromptAndTheSameNumberGivesTheSameAnswers) {
  auto first = prepared();
  ASSERT_TRUE(first.ok()) << first.error().to_string();
  ASSERT_EQ(first->train->size(), static_cast<uint64_t>(kPrompts * kGroup));
  const uint64_t count = 2 * first->train->size();  // two epochs
  const train::Examples all = sampled(*first->train, 0, count);
  ASSERT_EQ(all.input.runs().size(), count);
  std::set<std::vector<int32_t>> prompts, answers;
  for (size_t n = 0; n < count; ++n) {
    answers.insert(ids_of(all, n));
    prompts.insert(prompt_of(all, n));
    EXPECT_EQ(prompt_of(all, n), prompt_of(all, n - n % kGroup));
    EXPECT_LE(ids_of(all, n).size(), prompt_of(all, n).size() + kAnswerTokens);
    EXPECT_GT(ids_of(all, n).size(), prompt_of(all, n).size());
  }
  EXPECT_EQ(prompts.size(), static_cast<size_t>(kPrompts)) << "an epoch has each once";
  EXPECT_GT(answers.size(), static_cast<size_t>(kPrompts)) << "answers are drawn, not looked up";
  EXPECT_THAT(all.sampled_logps, Each(testing::IsNan())) << "the objective takes its own";

  auto again = prepared();
  ASSERT_TRUE(again.ok());
  const train::Examples later = sampled(*again->train, 6, 4);
  for (size_t n = 0; n < 4; ++n) {
    EXPECT_EQ(ids_of(later, n), ids_of(all, n + 6));
    EXPECT_EQ(later.numbers[n], all.numbers[n + 6]);
  }
}

TEST_F(Rollouts, RewardsAndFiguresAreThoseOfTheAnswers) {
  write_letters(*model_);
  write_prompts(
      {R"({"prompt": "one", "answer": )" + dump_json(all_answers()) + "}", R"({"prompt": "two", "answer": "z"})"});
  judge_by({{"type", "exact"}, {"weight", 3}});
  document_.root["data"]["valid"] = Json::array({(folder_ / "prompts.jsonl").string()});
  auto data = prepared();
  ASSERT_TRUE(data.ok()) << data.error().to_string();
  const train::Examples out = sampled(*data->train, 0, 2 * kGroup);
  EXPECT_EQ(std::accumulate(out.numbers.begin(), out.numbers.end(), 0.0f), 3.0f * kGroup);
  std::map<std::string, double> told = by_name(data->train->told());
  EXPECT_GT(told.at("rollout_seconds"), 0);
  const std::map<std::string, double> expected = {{"reward", 1.5},
                                                  {"reward_exact", 0.5},
                                                  {"reward_std", 0},
                                                  {"zero_variance", 1},
                                                  {"answer_tokens", 3},
                                                  {"truncated", 1},
                                                  {"rollout_tokens", 2 * kGroup * kAnswerTokens},
                                                  {"rollout_seconds", told.at("rollout_seconds")}};
  EXPECT_EQ(told, expected);
  ASSERT_TRUE(data->measure);
  const auto measured = data->measure();
  ASSERT_TRUE(measured.ok()) << measured.error().to_string();
  const std::map<std::string, double> held_out = {
      {"reward", 1.5}, {"reward_exact", 0.5}, {"answer_tokens", 3}, {"truncated", 1}};
  EXPECT_EQ(by_name(*measured), held_out);
  EXPECT_EQ(by_name(data->train->told()), expected) << "those of the step stay";
}

TEST_F(Rollouts, PromptsAreTextsOrMessages) {
  write_prompts({R"({"prompt": "hi"})", R"({"prompt": [{"role": "user", "content": "hi"}]})"});
  document_.root["data"]["sequence_length"] = 100;
  auto data = prepared();
  ASSERT_TRUE(data.ok()) << data.error().to_string();
  auto rewards = read_rewards(config_);
  ASSERT_TRUE(rewards.ok());
  auto prompts = read_prompts(config_, config_.data.train, *model_, *tokenizer_, *rewards, false);
  ASSERT_TRUE(prompts.ok()) << prompts.error().to_string();
  ASSERT_EQ(prompts->size(), 2u);
  EXPECT_EQ((*prompts)[0].text, "hi");
  EXPECT_THAT((*prompts)[1].text, HasSubstr("hi"));
  EXPECT_GT((*prompts)[1].text.size(), 2u) << "the template says who speaks";
  EXPECT_EQ((*prompts)[1].row["prompt"][0]["role"], "user") << "rewards see the row as it is";
  write_prompts({R"({"prompt": "hi"})", R"({"prompt": [{"role": "user"}]})"});
  EXPECT_THAT(refusal(), AllOf(HasSubstr("prompts.jsonl (line 2)"), HasSubstr("has no content")));
  write_prompts({R"({"prompt": [{"content": "hi"}]})"});
  EXPECT_THAT(refusal(), HasSubstr("has no role"));
  write_prompts({R"({"prompt": []})"});
  EXPECT_THAT(refusal(), HasSubstr("is no list of messages"));
}

TEST_F(Rollouts, PromptsThatCannotBeAnsweredOrJudgedAreRefused) {
  write_prompts({R"({"prompt": "abcdefghijklm"})"});
  EXPECT_EQ(refusal(), "accepted");
  write_prompts({R"({"prompt": "abcdefghijklmn"})"});
  EXPECT_THAT(refusal(), AllOf(HasSubstr("14 tokens"), HasSubstr("room for 13"), HasSubstr("line 1"),
                               HasSubstr("data.sequence_length")));
  write_prompts({R"({"question": "one"})"});
  EXPECT_THAT(refusal(), AllOf(HasSubstr("prompt"), HasSubstr("line 1")));
  judge_by({{"type", "exact"}});
  write_prompts({R"({"prompt": "one"})"});
  EXPECT_THAT(refusal(), AllOf(HasSubstr("answer"), HasSubstr("line 1")));
  judge_by({{"type", "exactly"}});
  EXPECT_THAT(refusal(), AllOf(HasSubstr("rewards[0]"), HasSubstr("exactly")));
  document_.root["objective"].erase("rewards");
  EXPECT_THAT(refusal(), HasSubstr("objective.rewards"));
}

TEST_F(Rollouts, AStopWhileAnswersAreSampledIsTold) {
  StopSource stop;
  job_.stop = stop.token();
  auto data = prepared();
  ASSERT_TRUE(data.ok()) << data.error().to_string();
  stop.request();
  const Status stopped = data->train->prepare(0, kGroup);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

TEST_F(Rollouts, ARunThatWasStoppedGoesOnToTheSameBits) {
  const std::vector<Json> straight = train_steps("straight", 3, false);
  train_steps("parted", 1, false);
  const std::vector<Json> parted = train_steps("parted", 3, true);
  ASSERT_EQ(straight.size(), 3u);
  ASSERT_EQ(parted.size(), 3u);
  for (size_t step = 0; step < 3; ++step) {
    for (const char* name : {"loss", "grad_norm", "reward", "mean_kl", "answer_tokens", "advantages"})
      EXPECT_EQ(straight[step].at(name), parted[step].at(name)) << step << " " << name;
  }
  EXPECT_GT(straight[1]["grad_norm"].get<double>(), 0) << "something is learned";
  EXPECT_EQ(*read_file(folder_ / "straight" / "model" / "model.safetensors"),
            *read_file(folder_ / "parted" / "model" / "model.safetensors"));
}

TEST_F(Rollouts, PlansCountAnswersAndTheirStates) {
  document_.root["train"].erase("steps");
  document_.root["train"]["epochs"] = 2;
  auto report = plan(document_, {.rate = 1e9});
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->steps, 3) << "two times three prompts in groups of two, four answers a step";
  EXPECT_GT(report->memory.answers, 0u);
  auto config = train::parse_train_config(document_);
  ASSERT_TRUE(config.ok());
  config->data.format = train::DataFormat::kArrays;
  EXPECT_EQ(answers_bytes(*config, *model_), 0u);
}

}  // namespace
}  // namespace malmoi::app
