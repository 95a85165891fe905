// Decoders that learn to say what a text is worth: from a model that writes, whole or by an adapter that brings the new head.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "app/compress/convert.h"
#include "app/reward/folder_judge.h"
#include "app/train/small_run.h"
#include "app/use/adapter.h"
#include "app/use/classify.h"
#include "app/use/load_choice.h"
#include "formats/safetensors.h"
#include "infer/tiny_model.h"
#include "model/load.h"
#include "model/save.h"
#include "train/test_chats.h"

namespace malmoi::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ScoredDecoders : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test_folder("scored_decoders");
    const Json config = {{"model_type", "llama"},
                         {"vocab_size", 101},
                         {"hidden_size", 32},
                         {"intermediate_size", 64},
                         {"num_hidden_layers", 1},
                         {"num_attention_heads", 2},
                         {"initializer_range", 0.2},
                         {"max_position_embeddings", 96},
                         {"tie_word_embeddings", false},
                         {"pad_token_id", train::kEndId}};
    save_base(*infer::tiny_model_of(config, 5));
    std::string pairs;
    for (int i = 0; i < 24; ++i) {
      const std::string word(1, static_cast<char>('a' + i));
      pairs += dump_json({{"prompt", word}, {"chosen", word + " yes"}, {"rejected", word + " no"}}) + "\n";
    }
    ASSERT_TRUE(write_file(folder_ / "pairs.jsonl", pairs).ok());
  }
  void save_base(const model::Model& model) const {
    ASSERT_TRUE(model::save_model(model, folder_ / "base").ok());
    ASSERT_TRUE(write_file(folder_ / "base" / "tokenizer.json", train::chat_tokenizer_json()).ok());
    ASSERT_TRUE(write_file(folder_ / "base" / "chat_template.jinja", train::chatml_source()).ok());
  }
  ConfigDocument document(const Json& objective, const Json& data) const {
    ConfigDocument document;
    document.root = {{"objective", objective},
                     {"model", {{"init_from", (folder_ / "base").string()}}},
                     {"data", data},
                     {"train",
                      {{"batch_size", 8},
                       {"steps", 30},
                       {"dtype", "f32"},
                       {"schedule", {{"name", "constant"}}},
                       {"optimizer", {{"lr", 1e-2}}}}},
                     {"out", (folder_ / "run").string()}};
    return document;
  }
  ConfigDocument reward_run() const {
    return document({{"name", "reward"}},
                    {{"format", "chat"}, {"train", {(folder_ / "pairs.jsonl").string()}}, {"sequence_length", 96}});
  }
  // What a judge says of the better and of the worse answer.
  std::pair<double, double> judged(const Path& model) {
    auto judge = open_judge({.model = model.string(), .batch_size = 2, .halves = false}, job_);
    EXPECT_TRUE(judge.ok()) << judge.error().to_string();
    if (!judge.ok()) return {};
    const Json row = {{"prompt", "d"}};
    const reward::RewardInput inputs[] = {{.prompt = "d", .completion = "d yes", .row = row},
                                          {.prompt = "d", .completion = "d no", .row = row}};
    const auto said = (*judge)->judge(inputs, {});
    EXPECT_TRUE(said.ok());
    return {(*said)[0].reward, (*said)[1].reward};
  }

  Path folder_;
  Job job_{.progress = {}, .message = [](const std::string&) {}, .warn = [](const std::string&) {}, .stop = {}};
};

TEST_F(ScoredDecoders, BecomeRewardModelsThatOthersRead) {
  const auto report = train(reward_run(), {}, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  const Path model = folder_ / "run" / "model";
  const Json config = *read_json((model / "config.json").string());
  EXPECT_EQ(config["architectures"], Json::array({"LlamaForSequenceClassification"}));
  EXPECT_EQ(config["id2label"], (Json{{"0", "LABEL_0"}}));
  EXPECT_EQ(config["problem_type"], "regression");
  EXPECT_EQ(config["pad_token_id"], train::kEndId);
  const auto file = formats::Safetensors::open(model / "model.safetensors");
  ASSERT_TRUE(file.ok());
  ASSERT_NE(file->find("score.weight"), nullptr);
  EXPECT_EQ(file->find("score.weight")->shape, (std::vector<int64_t>{1, 32}));
  EXPECT_EQ(file->find("score.bias"), nullptr);
  EXPECT_EQ(file->find("lm_head.weight"), nullptr) << "the words' head is another model's";
  const auto [better, worse] = judged(model);
  EXPECT_GT(better, worse + 0.5);
}

TEST_F(ScoredDecoders, LearnByAnAdapterThatBringsTheHead) {
  ConfigDocument run = reward_run();
  run.root["adapter"] = {{"r", 4}, {"alpha", 8}};
  const auto report = train(run, {}, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  const Path adapter = folder_ / "run" / "adapter";
  const Json config = *read_json((adapter / "adapter_config.json").string());
  EXPECT_EQ(config["task_type"], "SEQ_CLS");
  EXPECT_EQ(config["modules_to_save"], Json::array({"score"}));
  EXPECT_FALSE(config.contains("id2label"));
  const Path merged = folder_ / "merged";
  const Status done =
      merge_adapter({.model = (folder_ / "base").string(), .adapter = folder_ / "run", .out = merged}, job_);
  ASSERT_TRUE(done.ok()) << done.error().to_string();
  EXPECT_EQ((*read_json((merged / "config.json").string()))["architectures"][0], "LlamaForSequenceClassification");
  const auto [better, worse] = judged(merged);
  EXPECT_GT(better, worse + 0.5);
}

// The words' head that the file has is passed over.
TEST_F(ScoredDecoders, LearnAroundAGgufFile) {
  save_base(*infer::tiny_model());
  ASSERT_TRUE(write_file(folder_ / "base" / "tokenizer.json", infer::tiny_tokenizer_json()).ok());
  const Path file = folder_ / "base.gguf";
  const auto converted = convert_model({.from = (folder_ / "base").string(), .to = file}, job_);
  ASSERT_TRUE(converted.ok()) << converted.error().to_string();
  ConfigDocument run = reward_run();
  run.root["model"]["init_from"] = file.string();
  run.root["data"]["chat_template"] = "plain";
  run.root["adapter"] = {{"r", 4}, {"alpha", 8}};
  const auto report = train(run, {}, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  const auto model = load_model(file, {.dtype = DType::kF32, .adapters = {folder_ / "run"}}, {});
  ASSERT_TRUE(model.ok()) << model.error().to_string();
  EXPECT_EQ((*model)->task(), model::Task::kRegression);
}

TEST_F(ScoredDecoders, SortTextsByAnAdapterAndItsLabels) {
  std::string rows;
  for (int i = 0; i < 24; ++i)
    rows += dump_json({{"text", std::string(1, static_cast<char>('a' + i)) + (i % 2 ? " good" : " bad")},
                       {"label", i % 2 ? "up" : "down"}}) +
            "\n";
  ASSERT_TRUE(write_file(folder_ / "rows.jsonl", rows).ok());
  ConfigDocument run =
      document({{"name", "classification"}},
               {{"format", "table"}, {"train", {(folder_ / "rows.jsonl").string()}}, {"sequence_length", 32}});
  run.root["adapter"] = {{"r", 4}, {"alpha", 8}};
  const auto report = train(run, {}, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  auto classifier = Classifier::open({.model = (folder_ / "run").string()}, job_);
  ASSERT_TRUE(classifier.ok()) << classifier.error().to_string();
  const auto said = classifier->classify({{.text = "d good"}, {.text = "e bad"}});
  ASSERT_TRUE(said.ok()) << said.error().to_string();
  EXPECT_EQ((*said)[0].label, "up");
  EXPECT_EQ((*said)[1].label, "down");
}

// The head of an encoder has layers before its matrix.
TEST_F(ScoredDecoders, AnAdapterBringsNoHeadOfSeveralParts) {
  const Json config = {{"model_type", "bert"},     {"vocab_size", 101},
                       {"hidden_size", 32},        {"num_hidden_layers", 1},
                       {"num_attention_heads", 2}, {"intermediate_size", 64},
                       {"initializer_range", 0.2}, {"max_position_embeddings", 96}};
  save_base(*infer::tiny_model_of(config, 5));
  ConfigDocument run = reward_run();
  run.root["adapter"] = {{"r", 4}};
  const auto report = train(run, {}, job_);
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().to_string(), AllOf(HasSubstr("more than a matrix"), HasSubstr("train all weights")));
}

}  // namespace
}  // namespace malmoi::app
