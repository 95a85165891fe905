// Tests of whole tuning: what is chosen of small files, and a few steps of each goal on a tiny model.
#include "app/tune/tune.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "app/train/train.h"
#include "app/tune/tuned_model.h"
#include "app/use/classify.h"
#include "app/use/generate.h"
#include "base/test_folder.h"
#include "infer/tiny_model.h"
#include "model/save.h"
#include "train/test_chats.h"
#include "train/test_words.h"

namespace malmoi::app {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

class Tuning : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test_folder(testing::UnitTest::GetInstance()->current_test_info()->name());
    options_.data = folder_ / "rows.jsonl";
    options_.out = folder_ / "run";
    options_.model = (folder_ / "base").string();
    job_.message = [this](const std::string& line) { messages_.push_back(line); };
  }
  void save(const model::Model& model, const std::string& tokenizer) {
    ASSERT_TRUE(model::save_model(model, folder_ / "base").ok());
    ASSERT_TRUE(write_file(folder_ / "base" / "tokenizer.json", tokenizer).ok());
  }
  void save_decoder() {
    save(*infer::tiny_model(512), train::chat_tokenizer_json());
    ASSERT_TRUE(write_file(folder_ / "base" / "chat_template.jinja", train::chatml_source()).ok());
  }
  void save_encoder() { save(*infer::tiny_encoder(), train::words_tokenizer_json()); }
  void write_rows(int rows, const std::function<Json(int)>& row) {
    std::string text;
    for (int i = 0; i < rows; ++i) text += dump_json(row(i)) + "\n";
    ASSERT_TRUE(write_file(options_.data, text).ok());
  }
  void write_chats(int rows = 60) {
    write_rows(rows, [](int i) {
      return Json{{"prompt", "question " + std::to_string(i)}, {"completion", "answer " + std::to_string(i)}};
    });
  }
  // Words that the tokenizer of words knows, another text for each number.
  static std::string words(int i) {
    return std::string(i % 2 ? "good film " : "bad film ") + static_cast<char>('a' + i % 26) + " " +
           static_cast<char>('a' + i / 26);
  }
  // The configuration that tuning wrote.
  Json chosen() {
    auto document = read_config(options_.out / "tune.yaml");
    EXPECT_TRUE(document.ok()) << document.error().to_string();
    return document.ok() ? document->root : Json::object();
  }
  std::string refusal() {
    auto report = tune(options_, job_);
    return report.ok() ? "accepted" : report.error().to_string();
  }
  TuneReport tuned() {
    auto report = tune(options_, job_);
    EXPECT_TRUE(report.ok()) << report.error().to_string();
    return report.ok() ? *report : TuneReport();
  }

  Path folder_;
  TuneOptions options_;
  Job job_;
  std::vector<std::string> messages_;
};

TEST_F(Tuning, ChoosesSaysAndWritesWithoutTraining) {
  save_decoder();
  write_chats();
  options_.dry_run = true;
  const TuneReport report = tuned();
  EXPECT_FALSE(report.trained);
  EXPECT_FALSE(malmoi::exists(options_.out / "metrics.jsonl"));
  const Json root = chosen();
  EXPECT_EQ(root["objective"]["name"], "sft");
  EXPECT_EQ(root["model"]["init_from"], (folder_ / "base").string());
  EXPECT_FALSE(root.contains("adapter")) << "a small model is trained whole";
  EXPECT_EQ(root["data"]["valid_fraction"], 0.2);
  EXPECT_EQ(root["data"]["sequence_length"], 256);
  EXPECT_EQ(root["train"]["epochs"], 3);
  EXPECT_EQ(root["train"]["optimizer"]["lr"], 5e-5);
  EXPECT_TRUE(root["train"]["eval_first"].get<bool>());
  EXPECT_FALSE(root["train"].contains("memory_limit"));
  EXPECT_THAT(messages_, Contains(HasSubstr("60 rows of the shape 'prompt_completion'")));
  EXPECT_THAT(messages_, Contains(AllOf(HasSubstr("training"), HasSubstr("all weights"), HasSubstr("small model"))));
  EXPECT_THAT(messages_, Contains(AllOf(HasSubstr("time"), HasSubstr("3.0 epochs"))));
  EXPECT_THAT(*read_file(options_.out / "tune.yaml"), HasSubstr("# held out: "));
  EXPECT_EQ(to_json(report)["choices"].size(), report.choices.size());
}

TEST_F(Tuning, AnAdapterIsTrainedJudgedMergedAndTheSameByItsFile) {
  save_decoder();
  write_chats();
  options_.assignments = {"adapter.r=2", "train.steps=4", "train.dtype=f32", "train.optimizer.lr=0.01"};
  options_.merge = true;
  const TuneReport report = tuned();
  ASSERT_TRUE(report.trained);
  const Json root = chosen();
  EXPECT_EQ(root["adapter"]["r"], 2);
  EXPECT_FALSE(root["adapter"].contains("alpha")) << "it is the rank then";
  EXPECT_EQ(root["train"]["steps"], 4);
  EXPECT_FALSE(root["train"].contains("epochs"));
  EXPECT_EQ(root["train"]["optimizer"]["lr"], 0.01);
  ASSERT_TRUE(report.before.contains("valid_loss"));
  ASSERT_TRUE(report.after.contains("valid_loss"));
  EXPECT_LT(report.after["valid_loss"].get<double>(), report.before["valid_loss"].get<double>());
  EXPECT_THAT(report.changes, AllOf(HasSubstr("held out, before -> after"), HasSubstr("loss")));
  EXPECT_TRUE(load_for_generation(options_.out.string(), {DType::kF32}, job_).ok());
  EXPECT_TRUE(find_model(options_.out.string()).ok()) << "what is served is a whole model";
  EXPECT_TRUE(malmoi::exists(options_.out / "model" / "chat_template.jinja"));
  EXPECT_THAT(report.commands, Contains("malmoi serve --model " + options_.out.string()));

  auto document = read_config(options_.out / "tune.yaml");
  ASSERT_TRUE(document.ok());
  document->root["out"] = (folder_ / "again").string();
  ASSERT_TRUE(train(*document, {}, job_).ok());
  EXPECT_EQ(*read_file(options_.out / "adapter" / "adapter_model.safetensors"),
            *read_file(folder_ / "again" / "adapter" / "adapter_model.safetensors"));
  EXPECT_THAT(refusal(), AllOf(HasSubstr("already holds a run"), HasSubstr("--resume")));
}

TEST_F(Tuning, PreferencesAreComparedAroundTheirBase) {
  save_decoder();
  write_rows(40, [](int i) {
    const std::string n = std::to_string(i);
    return Json{{"prompt", "question " + n}, {"chosen", "good " + n}, {"rejected", "bad " + n}};
  });
  options_.assignments = {"train.steps=2", "train.dtype=f32"};
  const TuneReport report = tuned();
  EXPECT_EQ(chosen()["objective"]["name"], "dpo");
  EXPECT_EQ(chosen()["adapter"]["r"], 16);
  EXPECT_EQ(chosen()["train"]["optimizer"]["lr"], 5e-6);
  EXPECT_TRUE(report.after.contains("valid_accuracy"));
  EXPECT_THAT(report.commands, Contains(AllOf(HasSubstr("malmoi serve --model"), HasSubstr("--adapter run="))));
}

TEST_F(Tuning, MinutesStandWhereTheEpochsWouldTakeLonger) {
  save_decoder();
  write_chats(400);
  options_.dry_run = true;
  options_.minutes = 1e-9;
  (void)tuned();
  EXPECT_EQ(chosen()["train"]["minutes"], 1e-9);
  EXPECT_FALSE(chosen()["train"].contains("epochs"));
  EXPECT_FALSE(chosen()["train"].contains("eval_every"));
  options_.minutes = 1e6;
  (void)tuned();
  EXPECT_EQ(chosen()["train"]["epochs"], 3);
}

TEST_F(Tuning, ABaseInBlocksWhereItIsAsked) {
  save_decoder();
  write_chats();
  options_.dry_run = true;
  options_.assignments = {"model.quantize={type: q4_0}", "data.sequence_length=128"};
  (void)tuned();
  EXPECT_EQ(chosen()["model"]["quantize"]["type"], "q4_0");
  EXPECT_EQ(chosen()["adapter"]["r"], 16);
  EXPECT_EQ(chosen()["data"]["sequence_length"], 128);
  options_.assignments = {"adapter=null", "train.memory_limit=1MB"};
  EXPECT_THAT(refusal(), AllOf(HasSubstr("a step needs"), HasSubstr("a smaller model")));
}

TEST_F(Tuning, LabelsAreLearned) {
  save_encoder();
  write_rows(120, [](int i) { return Json{{"id", i}, {"document", words(i)}, {"label", i % 2 ? "yes" : "no"}}; });
  options_.goal = TuneGoal::kClassify;
  options_.assignments = {"train.dtype=f32", "train.optimizer.lr=0.003"};
  const TuneReport report = tuned();
  ASSERT_TRUE(report.trained);
  EXPECT_EQ(chosen()["data"]["columns"], (Json{{"text", "document"}, {"label", "label"}}));
  EXPECT_EQ(chosen()["train"]["best_metric"], "f1");
  EXPECT_FALSE(chosen()["objective"].contains("class_weights"));
  EXPECT_GT(report.after["valid_f1"].get<double>(), report.before["valid_f1"].get<double>());
  auto classifier = Classifier::open({.model = report.model}, job_);
  ASSERT_TRUE(classifier.ok()) << classifier.error().to_string();
  EXPECT_THAT(report.commands, Contains("malmoi classify --model " + report.model + " FILE"));
}

TEST_F(Tuning, TextsForTexts) {
  save(*infer::tiny_encoder_decoder(), infer::tiny_tokenizer_json());
  write_rows(40, [](int i) { return Json{{"ko", "a" + std::to_string(i)}, {"en", "b" + std::to_string(i)}}; });
  options_.goal = TuneGoal::kTranslate;
  options_.assignments = {"train.steps=2", "train.dtype=f32", "samples.outputs=2", "data.output_length=8"};
  const TuneReport report = tuned();
  ASSERT_TRUE(report.trained);
  EXPECT_EQ(chosen()["objective"]["name"], "seq2seq");
  EXPECT_EQ(chosen()["data"]["columns"], (Json{{"source", "ko"}, {"target", "en"}}));
  EXPECT_TRUE(report.before.contains("valid_chrf"));
  EXPECT_TRUE(report.after.contains("valid_chrf"));
}

TEST_F(Tuning, VectorsByScores) {
  save_encoder();
  write_rows(60, [](int i) {
    return Json{{"sentence1", words(i)}, {"sentence2", words(i + 1)}, {"score", (i % 11) / 2.0}};
  });
  options_.goal = TuneGoal::kEmbed;
  options_.assignments = {"train.steps=2", "train.dtype=f32"};
  const TuneReport report = tuned();
  ASSERT_TRUE(report.trained);
  EXPECT_EQ(chosen()["objective"]["loss"], "cosine_mse");
  EXPECT_EQ(chosen()["objective"]["largest_score"], 5);
  EXPECT_TRUE(report.after.contains("valid_spearman"));
  EXPECT_EQ(report.commands, std::vector<std::string>{"malmoi serve --model " + report.model});
  options_.out = folder_ / "pairs";
  write_rows(60, [](int i) { return Json{{"query", words(i)}, {"passage", words(i + 1)}}; });
  (void)tuned();
  EXPECT_EQ(chosen()["train"]["gradient_accumulation"], 1) << "rows are compared within their step";
  EXPECT_FALSE(chosen()["objective"].contains("loss"));
}

TEST_F(Tuning, WhatDoesNotSuitTheGoalIsRefused) {
  save_encoder();
  write_chats();
  EXPECT_THAT(refusal(), AllOf(HasSubstr("'bert'"), HasSubstr("the goal chat needs"), HasSubstr("a decoder")));
  options_.goal = TuneGoal::kTranslate;
  EXPECT_THAT(refusal(), HasSubstr("an encoder-decoder"));
  options_.goal = TuneGoal::kClassify;
  EXPECT_THAT(refusal(), AllOf(HasSubstr("labels is not clear"), HasSubstr("completion (60 different")));
  options_.model = (folder_ / "nothing").string();
  EXPECT_THAT(refusal(), HasSubstr("there is no such model"));
  save_decoder();
  options_.model = (folder_ / "base").string();
  options_.goal = TuneGoal::kEmbed;
  EXPECT_THAT(refusal(), HasSubstr("an encoder"));
  options_.goal = TuneGoal::kChat;
  write_rows(30, [](int i) { return Json{{"text", words(i)}, {"label", "x"}}; });
  EXPECT_THAT(refusal(), HasSubstr("no shape of conversations has these columns"));
  EXPECT_FALSE(malmoi::exists(options_.out));
}

TEST(TunedModel, WordsAreQuotedForAShell) {
  EXPECT_EQ(shell_word("runs/chat-1"), "runs/chat-1");
  EXPECT_EQ(shell_word("my run"), "'my run'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
}

}  // namespace
}  // namespace malmoi::app
