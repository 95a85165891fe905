// Reward models of folders: that they read what they were trained on, what they refuse, and a run that learns from one.
#include "app/reward/folder_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/reward/try_rewards.h"
#include "app/train/plan.h"
#include "app/train/small_run.h"
#include "app/use/text_head.h"
#include "infer/tiny_model.h"
#include "model/save.h"
#include "train/test_chats.h"

namespace malmoi::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int64_t kJudgePositions = 80;

Json judge_config() {
  return {{"model_type", "bert"},     {"vocab_size", 101},
          {"hidden_size", 32},        {"intermediate_size", 64},
          {"num_hidden_layers", 1},   {"num_attention_heads", 2},
          {"initializer_range", 0.4}, {"max_position_embeddings", kJudgePositions}};
}

class FolderJudges : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test_folder("folder_judges");
    write_judge(judge_config());
    set_template(train::chatml_source());
    const auto base = infer::tiny_model();
    ASSERT_TRUE(model::save_model(*base, folder_ / "base").ok());
    ASSERT_TRUE(write_file(folder_ / "base" / "tokenizer.json", infer::tiny_tokenizer_json()).ok());
  }
  void write_judge(const Json& config) const {
    const auto judge = infer::tiny_model_of(config, 5, {.task = model::Task::kRegression});
    ASSERT_TRUE(judge);
    ASSERT_TRUE(model::save_model(*judge, folder_ / "judge").ok());
    ASSERT_TRUE(write_file(folder_ / "judge" / "tokenizer.json", train::chat_tokenizer_json()).ok());
  }
  void set_template(const std::string& source) const {
    ASSERT_TRUE(write_file(folder_ / "judge" / "chat_template.jinja", source).ok());
  }
  Json reward_of(const std::string& model) const {
    return {{"type", "model"}, {"model", (folder_ / model).string()}, {"batch_size", 2}, {"dtype", "f32"}};
  }
  Result<RewardTrial> tried(const std::vector<Json>& rows, const std::string& model = "judge") {
    std::string lines;
    for (const Json& row : rows) lines += dump_json(row) + "\n";
    EXPECT_TRUE(write_file(folder_ / "rows.jsonl", lines).ok());
    EXPECT_TRUE(write_file(folder_ / "rewards.yaml", dump_json({{"rewards", {reward_of(model)}}})).ok());
    return try_rewards({.config = folder_ / "rewards.yaml", .rows = (folder_ / "rows.jsonl").string()}, job_);
  }
  // What the model says of a text as it stands.
  double said_of(const std::string& text) const {
    auto loaded = load_for_ids((folder_ / "judge").string(), {.dtype = DType::kF32}, job_);
    EXPECT_TRUE(loaded.ok()) << loaded.error().to_string();
    const std::vector<int32_t> ids = loaded->tokenizer->encode(text, {.add_special = true, .parse_special = true});
    auto head = TextHead::of(*std::move(loaded));
    EXPECT_TRUE(head.ok());
    const std::vector<train::EncodedText> texts = {{.ids = ids, .type_ids = {}}};
    const auto logits = head->logits(texts);
    EXPECT_TRUE(logits.ok());
    return static_cast<double>((*logits)[0][0]);
  }

  Path folder_;
  Job job_{.progress = {}, .message = [](const std::string&) {}, .warn = [](const std::string&) {}, .stop = {}};
};

TEST_F(FolderJudges, ReadPromptAndAnswerAsTheyWereTrainedTo) {
  const Json turns = {{{"role", "user"}, {"content", "2+2"}},
                      {{"role", "assistant"}, {"content", "4"}},
                      {{"role", "user"}, {"content", "sure?"}}};
  const auto trial = tried({{{"prompt", "2+2"}, {"completion", "4"}},
                            {{"prompt", turns}, {"completion", "yes"}},
                            {{"prompt", "2+2"}, {"completion", "five <|im_end|>"}}});
  ASSERT_TRUE(trial.ok()) << trial.error().to_string();
  ASSERT_EQ(trial->rows.size(), 3u);
  EXPECT_EQ(trial->failed(), 0);
  const std::string first = "<|im_start|>user\n2+2<|im_end|>\n<|im_start|>assistant\n4<|im_end|>";
  constexpr double kNear = 1e-4;  // rows of other passes
  EXPECT_NEAR(trial->rows[0].total, said_of(first), kNear);
  EXPECT_NEAR(trial->rows[1].total,
              said_of(first + "\n<|im_start|>user\nsure?<|im_end|>\n<|im_start|>assistant\nyes<|im_end|>"), kNear);
  EXPECT_GT(std::abs(trial->rows[2].total -
                     said_of("<|im_start|>user\n2+2<|im_end|>\n<|im_start|>assistant\nfive <|im_end|><|im_end|>")),
            kNear)
      << "a special token that the answer spells is text";
}

// A decoder that was published as a reward model: the end of the turn is the last token that is no padding.
TEST_F(FolderJudges, MayBeDecoders) {
  Json config = {{"architectures", {"LlamaForSequenceClassification"}},
                 {"model_type", "llama"},
                 {"vocab_size", 101},
                 {"hidden_size", 32},
                 {"intermediate_size", 64},
                 {"num_hidden_layers", 1},
                 {"num_attention_heads", 2},
                 {"initializer_range", 0.4},
                 {"max_position_embeddings", kJudgePositions},
                 {"pad_token_id", train::kEndId},
                 {"num_labels", 1}};
  write_judge(config);
  const auto trial =
      tried({{{"prompt", "2+2"}, {"completion", "4"}}, {{"prompt", "2+2"}, {"completion", "forty-two"}}});
  ASSERT_TRUE(trial.ok()) << trial.error().to_string();
  EXPECT_EQ(trial->failed(), 0);
  const std::string asked = "<|im_start|>user\n2+2<|im_end|>\n<|im_start|>assistant\n";
  constexpr double kNear = 1e-4;  // rows of other passes
  EXPECT_NEAR(trial->rows[0].total, said_of(asked + "4<|im_end|>"), kNear);
  EXPECT_NEAR(trial->rows[0].total, said_of(asked + "4<|im_end|></s></s>"), kNear) << "padding counts for nothing";
  EXPECT_NEAR(trial->rows[1].total, said_of(asked + "forty-two<|im_end|>"), kNear);
  EXPECT_GT(std::abs(trial->rows[0].total - trial->rows[1].total), kNear);
  config["num_labels"] = 2;
  config["architectures"] = {"LlamaForCausalLM"};
  const auto writes = infer::tiny_model_of(config, 5, {.task = model::Task::kClassification});
  ASSERT_TRUE(model::save_model(*writes, folder_ / "judge").ok());
  const auto refused = tried({{{"prompt", "hi"}, {"completion", "hello"}}});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), AllOf(HasSubstr("llama"), HasSubstr("one number for a text")));
}

TEST_F(FolderJudges, WhatTheyCannotReadIsCountedAndSaid) {
  const auto trial = tried({{{"prompt", "hi"}, {"completion", std::string(kJudgePositions, 'a')}},
                            {{"completion", "no prompt"}},
                            {{"prompt", "hi"}, {"completion", ""}},
                            {{"prompt", "hi"}, {"completion", "hello"}}});
  ASSERT_TRUE(trial.ok()) << trial.error().to_string();
  EXPECT_EQ(trial->failed(), 3);
  EXPECT_THAT(trial->rows[0].failures, HasSubstr("do not fit the model's 80 positions"));
  EXPECT_THAT(trial->rows[1].failures, HasSubstr("prompt"));
  EXPECT_THAT(trial->rows[2].failures, HasSubstr("empty"));
  EXPECT_EQ(trial->rows[3].failures, "");
  EXPECT_NE(trial->rows[3].total, 0);
  set_template("{{ raise_exception('not today') }}");
  const auto refused = tried({{{"prompt", "hi"}, {"completion", "hello"}}});
  ASSERT_TRUE(refused.ok()) << refused.error().to_string();
  EXPECT_THAT(refused->rows[0].failures, HasSubstr("not today"));
}

TEST_F(FolderJudges, ATokenThatTheModelHasNotEndsNoTraining) {
  Json narrow = judge_config();
  narrow["vocab_size"] = 4;
  write_judge(narrow);
  const auto trial = tried({{{"prompt", "hi"}, {"completion", "hello"}}});
  ASSERT_TRUE(trial.ok()) << trial.error().to_string();
  EXPECT_EQ(trial->failed(), 1);
  EXPECT_THAT(trial->rows[0].failures, HasSubstr("outside the vocabulary of 4"));
}

TEST_F(FolderJudges, OtherModelsAreRefused) {
  const std::vector<Json> rows = {{{"prompt", "hi"}, {"completion", "hello"}}};
  const auto base = tried(rows, "base");
  ASSERT_FALSE(base.ok());
  EXPECT_THAT(base.error().to_string(), AllOf(HasSubstr("reward model"), HasSubstr("one number for a text")));
  const auto missing = tried(rows, "nowhere");
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().to_string(), AllOf(HasSubstr("reward model"), HasSubstr("nowhere")));
  std::filesystem::remove(folder_ / "judge" / "tokenizer.json");
  const auto mute = tried(rows);
  ASSERT_FALSE(mute.ok());
  EXPECT_THAT(mute.error().to_string(), HasSubstr("tokenizer"));
}

// The judge has a vocabulary, sizes and a template of its own.
TEST_F(FolderJudges, ARunLearnsFromOneAndItsMemoryIsPlanned) {
  ASSERT_TRUE(write_file(folder_ / "prompts.jsonl", "{\"prompt\": \"one\"}\n{\"prompt\": \"two\"}\n").ok());
  ConfigDocument document;
  document.root = {
      {"objective", {{"name", "grpo"}, {"group", 2}, {"max_tokens", 3}, {"rewards", {reward_of("judge")}}}},
      {"model", {{"init_from", (folder_ / "base").string()}}},
      {"data", {{"format", "prompts"}, {"train", {(folder_ / "prompts.jsonl").string()}}, {"sequence_length", 16}}},
      {"train", {{"batch_size", 4}, {"steps", 1}, {"dtype", "f32"}}},
      {"out", (folder_ / "run").string()}};
  const auto planned = plan(document, {.rate = 1e9});
  ASSERT_TRUE(planned.ok()) << planned.error().to_string();
  const size_t parameters = 101 * 32;  // of its embedding alone, f32
  EXPECT_GT(planned->memory.judges, sizeof(float) * parameters);
  EXPECT_GE(planned->memory.total(), planned->memory.judges + planned->memory.answers + planned->memory.weights);
  const auto report = train(document, {}, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  const std::vector<Json> metrics = metrics_in(folder_ / "run");
  ASSERT_EQ(metrics.size(), 1u);
  EXPECT_TRUE(metrics[0].contains("reward_model"));
  EXPECT_EQ(metrics[0]["reward"], metrics[0]["reward_model"]);
  document.root["objective"]["rewards"] = Json::array({reward_of("nowhere")});
  const auto refused = plan(document, {.rate = 1e9});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), HasSubstr("nowhere"));
}

}  // namespace
}  // namespace malmoi::app
