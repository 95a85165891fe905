// Answers of a tiny model to prompts, judged: what is written of them, counted and refused, and that dpo learns from the pairs.
#include "app/reward/preferences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "app/recipe/recipe.h"
#include "app/train/train.h"
#include "base/test_folder.h"
#include "infer/tiny_model.h"
#include "model/save.h"

namespace malmoi::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int64_t kPromptCount = 6, kAnswersOfPrompt = 8;

class Preferences : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test_folder("preferences");
    save(*infer::tiny_model(), "base");
    std::string prompts;
    for (int64_t i = 0; i < kPromptCount; ++i)
      prompts += dump_json(Json{{"prompt", "question " + std::to_string(i)}, {"answer", i}}) + "\n";
    write("prompts.jsonl", prompts);
    settings_ = {{"model", path("base")},
                 {"prompts", path("prompts.jsonl")},
                 {"answers", kAnswersOfPrompt},
                 {"max_tokens", 12},
                 {"temperature", 3},
                 {"rewards", Json::array({{{"type", "length"}, {"most", 1}, {"slope", 0.125}, {"name", "brief"}}})}};
    job_.warn = [this](const std::string& line) { warnings_.push_back(line); };
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(write_file(folder_ / name, text).ok());
  }
  // Of its bytes those above ASCII end an answer, so that answers are short texts.
  void save(const model::Model& model, const std::string& name) const {
    ASSERT_TRUE(model::save_model(model, folder_ / name).ok());
    write(name + "/tokenizer.json", infer::tiny_tokenizer_json());
    Json ends = Json::array({infer::kTinyEnd});
    for (int32_t byte = 128; byte < 256; ++byte) ends.push_back(byte);
    write(name + "/generation_config.json", dump_json({{"eos_token_id", ends}}));
  }

  Result<PreferReport> run(const std::string& out = "out") {
    ConfigDocument document;
    document.root = settings_;
    ConfigReader reader(document);
    MALMOI_ASSIGN(PreferConfig config, read_prefer_config(reader));
    return prefer(std::move(config), folder_ / out, job_);
  }
  std::string refusal() {
    const auto report = run();
    return report.ok() ? "accepted" : report.error().to_string();
  }
  std::vector<Json> lines_of(const std::string& name) const {
    std::vector<Json> lines;
    const auto text = read_file(folder_ / name);
    EXPECT_TRUE(text.ok()) << text.error().to_string();
    std::istringstream in(text.ok() ? *text : "");
    for (std::string line; std::getline(in, line);) lines.push_back(*parse_json(line, name));
    return lines;
  }

  Path folder_;
  Json settings_;
  Job job_;
  std::vector<std::string> warnings_;
};

TEST_F(Preferences, AnswersAreJudgedAndPairsMadeOfThem) {
  const auto report = run();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->prompts, static_cast<uint64_t>(kPromptCount));
  EXPECT_EQ(report->answers, static_cast<uint64_t>(kPromptCount * kAnswersOfPrompt));
  EXPECT_EQ(report->failed, 0u);
  const std::vector<Json> answers = lines_of("out/answers.jsonl"), pairs = lines_of("out/pairs.jsonl");
  ASSERT_EQ(answers.size(), report->answers);
  ASSERT_EQ(pairs.size(), report->pairs);
  EXPECT_GT(report->pairs, 0u);
  EXPECT_EQ(report->pairs + report->ties + report->unusable, report->prompts) << "a pair of each prompt at most";

  double sum = 0;
  std::map<std::string, double> best;
  for (size_t i = 0; i < answers.size(); ++i) {
    const Json& row = answers[i];
    const auto length = static_cast<double>(count_code_points(row["completion"].get<std::string>()));
    EXPECT_EQ(row["answer"], static_cast<int64_t>(i) / kAnswersOfPrompt) << "with its row, in order";
    EXPECT_EQ(row["reward"].get<double>(), std::max(0.0, 1 - 0.125 * std::max(0.0, length - 1)));
    EXPECT_EQ(row["reward_brief"], row["reward"]);
    sum += row["reward"].get<double>();
    auto [of, first] = best.emplace(row["prompt"].get<std::string>(), 0);
    of->second = std::max(of->second, row["reward"].get<double>());
  }
  for (const Json& pair : pairs) {
    EXPECT_GT(pair["chosen_reward"].get<double>(), pair["rejected_reward"].get<double>());
    EXPECT_LE(pair["chosen_reward"].get<double>(), best.at(pair["prompt"].get<std::string>()));
  }
  const Json json = *read_json(path("out/preferences.json"));
  EXPECT_EQ(json, to_json(*report));
  EXPECT_NEAR(json["figures"]["reward"].get<double>(), sum / static_cast<double>(answers.size()), 1e-12);
  double best_sum = 0;
  for (const auto& [prompt, reward] : best) best_sum += reward;
  EXPECT_NEAR(json["figures"]["best_reward"].get<double>(), best_sum / kPromptCount, 1e-12);
  EXPECT_LE(json["figures"]["answer_tokens"].get<double>(), 12);
  EXPECT_THAT(preferences_text(json), AllOf(HasSubstr("48 answers to 6 prompts; "), HasSubstr("reward_brief")));
}

TEST_F(Preferences, TheSameSeedGivesTheSameAndAnotherOthers) {
  ASSERT_TRUE(run("a").ok());
  ASSERT_TRUE(run("b").ok());
  EXPECT_EQ(*read_file(folder_ / "a/pairs.jsonl"), *read_file(folder_ / "b/pairs.jsonl"));
  EXPECT_EQ(*read_file(folder_ / "a/answers.jsonl"), *read_file(folder_ / "b/answers.jsonl"));
  settings_["seed"] = 2;
  ASSERT_TRUE(run("c").ok());
  EXPECT_NE(*read_file(folder_ / "a/answers.jsonl"), *read_file(folder_ / "c/answers.jsonl"));
}

TEST_F(Preferences, WhereNothingDiffersItIsRefusedAndTheAnswersShowWhy) {
  settings_["rewards"] = Json::array({{{"type", "length"}, {"most", 1000}}});
  EXPECT_THAT(refusal(), AllOf(HasSubstr("those to 6 prompts are worth the same"), HasSubstr("answers.jsonl")));
  EXPECT_EQ(lines_of("out/answers.jsonl").size(), static_cast<size_t>(kPromptCount * kAnswersOfPrompt));
  EXPECT_FALSE(malmoi::exists(folder_ / "out/pairs.jsonl"));
  EXPECT_FALSE(malmoi::exists(folder_ / "out/preferences.json"));
}

TEST_F(Preferences, AnswersAreJudgedAloneAndComparedWithEarlierOnes) {
  settings_["pairs"] = 0;
  settings_["rewards"][0]["most"] = 1000;
  ASSERT_TRUE(run("before").ok()) << "all are worth the same, and nothing is asked of them";
  EXPECT_FALSE(malmoi::exists(folder_ / "before/pairs.jsonl"));
  settings_["rewards"][0]["most"] = 0;
  settings_["before"] = path("before");
  settings_["limit"] = 2;
  const auto report = run();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->prompts, 2u);
  const Json json = to_json(*report);
  EXPECT_EQ(json["before"]["reward"], 1.0);
  EXPECT_THAT(preferences_text(json), HasSubstr("  reward         1 -> 0."));
  settings_["before"] = path("nowhere");
  EXPECT_THAT(refusal(), HasSubstr("nowhere"));
}

TEST_F(Preferences, AnswersThatCannotBeJudgedAreCountedAndMakeNoPair) {
  settings_["rewards"] = Json::array({{{"type", "number"}, {"column", "answer"}, {"failed_reward", 5}}});
  write("prompts.jsonl", "{\"prompt\": \"a\", \"answer\": \"no number\"}\n");
  EXPECT_THAT(refusal(), HasSubstr("holds no number")) << "a row that cannot be judged is refused before";
  settings_["rewards"] =
      Json::array({{{"type", "program"},
                    {"command", {"sh", "-c", "while read -r line; do echo '{\"error\": \"it is late\"}'; done"}}}});
  EXPECT_THAT(refusal(), HasSubstr("none can be chosen or judged"));
  EXPECT_THAT(lines_of("out/answers.jsonl").at(0)["failed"], HasSubstr("it is late"));
  EXPECT_THAT(warnings_, testing::Not(testing::IsEmpty()));
}

TEST_F(Preferences, WhatIsMissingOrDoesNotFitIsNamed) {
  const Json good = settings_;
  auto refused_with = [&](const char* key, const Json& value) {
    settings_ = good;
    settings_[key] = value;
    return refusal();
  };
  EXPECT_THAT(refused_with("model", ""), HasSubstr("the model that answers is missing"));
  EXPECT_THAT(refused_with("model", path("nowhere")), HasSubstr("nowhere"));
  EXPECT_THAT(refused_with("prompts", Json::array()), HasSubstr("a file of prompts is missing"));
  EXPECT_THAT(refused_with("rewards", nullptr), HasSubstr("a list of rewards was expected"));
  EXPECT_THAT(refused_with("answers", 1), HasSubstr("one answer makes no pair"));
  EXPECT_THAT(refused_with("temperature", 0), HasSubstr("would be the same"));
  EXPECT_THAT(refused_with("max_tokens", 120), AllOf(HasSubstr("room for 8"), HasSubstr("lower max_tokens")));
  EXPECT_THAT(refused_with("answer", 3), HasSubstr("did you mean 'answers'"));
  write("empty.jsonl", "");
  EXPECT_THAT(refused_with("prompts", path("empty.jsonl")), HasSubstr("empty.jsonl"));
  save(*infer::tiny_encoder(), "encoder");
  EXPECT_THAT(refused_with("model", path("encoder")), HasSubstr("does not go on with a text"));
  save(*infer::tiny_encoder_decoder(), "answering");
  EXPECT_THAT(refused_with("model", path("answering")), HasSubstr("model: "));
}

TEST_F(Preferences, AStopEndsIt) {
  StopSource stop;
  stop.request();
  job_.stop = stop.token();
  const auto report = run();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(malmoi::exists(folder_ / "out/answers.jsonl"));
}

// Stages as recipes/prefer.yaml has them: pairs of a model's answers, an adapter that learns them, and its answers beside those before.
TEST_F(Preferences, ARecipeLearnsFromItsPairs) {
  settings_["pairs"] = 3;
  Json judged = settings_, again = settings_;
  judged["pairs"] = again["pairs"] = 0;
  again["model"] = path("w/learn");
  again["before"] = path("w/before");
  const Json learn = {{"objective", {{"name", "dpo"}}},
                      {"model", {{"init_from", path("base")}}},
                      {"adapter", {{"type", "lora"}, {"r", 4}}},
                      {"data",
                       {{"format", "chat"},
                        {"chat_template", "none"},
                        {"train", {path("w/pairs/pairs.jsonl")}},
                        {"sequence_length", 64}}},
                      {"train", {{"batch_size", 4}, {"steps", 2}, {"dtype", "f32"}, {"optimizer", {{"lr", 0.01}}}}}};
  const Json stages = Json::array({Json{{"name", "before"}, {"kind", "preferences"}, {"settings", judged}},
                                   Json{{"name", "pairs"}, {"kind", "preferences"}, {"settings", settings_}},
                                   Json{{"name", "learn"}, {"kind", "train"}, {"settings", learn}},
                                   Json{{"name", "after"}, {"kind", "preferences"}, {"settings", again}}});
  write("recipe.yaml", dump_json({{"schema_version", 1}, {"work", path("w")}, {"stages", stages}}));
  const auto recipe = read_recipe(folder_ / "recipe.yaml");
  ASSERT_TRUE(recipe.ok()) << recipe.error().to_string();
  EXPECT_THAT(recipe->stages[3].implied,
              testing::ElementsAre(path("w/learn"), path("prompts.jsonl"), path("w/before")));
  const auto ran = run_recipe(*recipe, {}, job_);
  ASSERT_TRUE(ran.ok()) << ran.error().to_string();
  const StageKind& kind = *recipe->stages[3].kind;
  const auto shown = kind.show(recipe->stages[3].out);
  ASSERT_TRUE(shown.ok()) << shown.error().to_string();
  EXPECT_THAT(*shown, AllOf(HasSubstr("before -> now"), HasSubstr(" -> ")));
  const Json before = *kind.result(recipe->stages[0].out), after = *kind.result(recipe->stages[3].out);
  EXPECT_EQ(after["before"], before["figures"]);
  EXPECT_NE(after["figures"], before["figures"]) << "the adapter speaks";
  const auto once_more = run_recipe(*recipe, {}, job_);
  ASSERT_TRUE(once_more.ok());
  for (const StageOutcome& outcome : *once_more) EXPECT_FALSE(outcome.ran) << outcome.name << ": " << outcome.reason;
}

}  // namespace
}  // namespace malmoi::app
