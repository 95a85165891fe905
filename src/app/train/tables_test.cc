// Tests of training on tables: labels of a new head, what is told of rows, and the metric that chooses the best model.
#include "app/train/tables.h"

#include <gmock/gmock.h>

#include "app/eval/table_eval.h"
#include "app/train/table_run.h"
#include "app/use/classify.h"
#include "app/use/fill.h"

namespace malmoi::app {
namespace {

using testing::Contains;
using testing::HasSubstr;

TEST_F(TableRun, LearnsLabelsAndSavesTheirNames) {
  auto report = train(document_, {}, job_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  ASSERT_TRUE(report->best.has_value());
  ASSERT_TRUE(report->best->score.has_value());
  EXPECT_EQ(report->best->score->first, "f1");
  EXPECT_EQ(report->best->score->second, 1) << "good is yes, bad is no";
  EXPECT_FALSE(report->best->bits_per_byte.has_value());
  EXPECT_FALSE(report->best->perplexity.has_value());
  auto config = read_json((folder_ / "run" / "model" / "config.json").string());
  EXPECT_EQ((*config)["id2label"], Json::parse(R"({"0": "no", "1": "yes"})"));
  EXPECT_EQ((*config)["label2id"], Json::parse(R"({"no": 0, "yes": 1})"));
  auto lines = read_file(folder_ / "run" / "metrics.jsonl");
  EXPECT_THAT(*lines, HasSubstr("\"valid_accuracy\":1"));
}

TEST_F(TableRun, TheTrainedModelClassifiesAndExplains) {
  ASSERT_TRUE(train(document_, {}, job_).ok());
  auto opened = Classifier::open({.model = (folder_ / "run" / "best").string(), .explain = true}, job_);
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  auto texts = opened->classify({{"good film"}, {"bad film"}});
  ASSERT_TRUE(texts.ok()) << texts.error().to_string();
  EXPECT_EQ((*texts)[0].label, "yes");
  EXPECT_EQ((*texts)[1].label, "no");
  for (const ClassifiedText& text : *texts) {
    EXPECT_NEAR(text.scores[0].second + text.scores[1].second, 1, 1e-6);
    ASSERT_TRUE(text.explanation.has_value());
    ASSERT_EQ(text.explanation->tokens.size(), 2u) << "marks around a text have no share";
    EXPECT_GT(text.explanation->tokens[0].second, text.explanation->tokens[1].second) << "the adjective decides";
    EXPECT_LT(text.explanation->gap, 0.02 * std::abs(text.explanation->difference) + 1e-3);
  }
  EXPECT_EQ(to_json((*texts)[0])["tokens"][0][0], "good");

  // The same logits, read as yes or no to each label.
  const std::string file = (folder_ / "run" / "best" / "config.json").string();
  Json config = *read_json(file);
  config["problem_type"] = "multi_label_classification";
  ASSERT_TRUE(write_file(file, dump_json(config)).ok());
  auto several = Classifier::open({.model = (folder_ / "run" / "best").string(), .explain = true}, job_);
  ASSERT_TRUE(several.ok()) << several.error().to_string();
  auto each = several->classify({{"good film"}});
  ASSERT_TRUE(each.ok()) << each.error().to_string();
  auto logit = [](double p) { return std::log(p / (1 - p)); };
  EXPECT_NEAR(logit((*each)[0].scores[1].second) - logit((*each)[0].scores[0].second),
              logit((*texts)[0].scores[1].second), 1e-4);
  const Json said = to_json((*each)[0]);
  EXPECT_EQ(said["labels"], Json::array({"yes"}));
  EXPECT_EQ(said["label"], "yes");
  EXPECT_TRUE(said.contains("tokens"));
  EXPECT_THAT(evaluate_table({.model = (folder_ / "run" / "best").string(), .tables = {}}, job_).error().to_string(),
              HasSubstr("several labels"));
}

TEST_F(TableRun, WhatIsWrongWithRowsIsNamed) {
  document_.root["data"]["columns"]["label"] = "sentiment";
  EXPECT_THAT(refusal(), HasSubstr("no row has the column 'sentiment'; name the one that holds the label with "
                                   "data.columns.label; there are document, id, label"));
  document_.root["data"]["columns"] = {{"text", "document"}, {"lable", "label"}};
  EXPECT_THAT(refusal(), HasSubstr("lable"));
  document_.root["data"]["columns"] = {{"text", "document"}};
  ASSERT_TRUE(write_file(folder_ / "valid.tsv", "document\tlabel\ngood\tmaybe\n").ok());
  EXPECT_THAT(refusal(), HasSubstr("the label 'maybe' is not one of the model's: no, yes"));
  ASSERT_TRUE(
      write_file(
          folder_ / "valid.tsv",
          "document\tlabel\ngood good good good good good good good good good good good good good good good\tno\n")
          .ok());
  EXPECT_THAT(refusal(), HasSubstr("2 tokens more than fit"));
  document_.root["data"]["long_rows"] = "cut";
  EXPECT_EQ(refusal(), "accepted");
  EXPECT_THAT(messages_, Contains(HasSubstr("1 row cut to 16 tokens")));
  ASSERT_TRUE(write_file(folder_ / "train.tsv", "document\tlabel\ngood\tyes\nbad\tyes\n").ok());
  EXPECT_THAT(refusal(), HasSubstr("all rows have the label 'yes'"));
}

TEST_F(TableRun, AMetricThatNobodyMeasuresIsNamed) {
  document_.root["train"]["best_metric"] = "bleu";
  EXPECT_THAT(refusal(),
              HasSubstr("the run measures no 'bleu' of which more is better; use one of loss, accuracy, f1"));
}

TEST_F(TableRun, ClassesWeigh) {
  document_.root["objective"]["class_weights"] = {{"maybe", 2}};
  EXPECT_THAT(refusal(), HasSubstr("the model has no label 'maybe'"));
  document_.root["objective"]["class_weights"] = {{"no", 0}};  // then `yes` alone is learned
  document_.root["train"]["best_metric"] = "loss";
  EXPECT_EQ(refusal(), "accepted");
  auto lines = read_file(folder_ / "run" / "metrics.jsonl");
  EXPECT_THAT(*lines, HasSubstr("\"valid_accuracy\":0.5"));
  train::TrainConfig config;
  config.objective.balanced_classes = true;
  Tables tables;
  tables.train.resize(8);
  tables.labels = {"a", "b"};
  tables.label_counts = {{"a", 6}, {"b", 2}};
  model::Model model("bert", model::Task::kClassification, {});
  model.labels = {"a", "b"};
  ASSERT_TRUE(weigh_classes(tables, model, config).ok());
  EXPECT_THAT(config.objective.class_weights,
              testing::ElementsAre(testing::FloatNear(8.0f / 12, 1e-6f), testing::FloatNear(2, 1e-6f)));
}

TEST_F(TableRun, APretrainedModelTakesTheLabelsOfTheData) {
  document_.root["objective"] = {{"name", "masked_lm"}};
  document_.root["data"] = {{"train", {(folder_ / "train.tsv").string()}}, {"sequence_length", 16}};
  document_.root["train"]["best_metric"] = "loss";
  EXPECT_EQ(refusal(), "accepted");
  std::filesystem::rename(folder_ / "run" / "model", folder_ / "pretrained");
  const std::string pretrained = (folder_ / "pretrained").string();
  auto filled = fill({.model = pretrained, .text = "good [MASK] playing", .words = {"film", "bad"}}, job_);
  ASSERT_TRUE(filled.ok()) << filled.error().to_string();
  ASSERT_EQ(filled->gaps.size(), 1u);
  EXPECT_EQ(filled->gaps[0][0].text, "film");
  EXPECT_EQ(filled->text, "good film playing");
  EXPECT_THAT(fill({.model = pretrained, .text = "good"}, job_).error().to_string(), HasSubstr("write [MASK]"));
  EXPECT_THAT(fill({.model = pretrained, .text = "[MASK]", .words = {"players"}}, job_).error().to_string(),
              HasSubstr("cuts 'players' in 3 pieces (play ##er ##s)"));
  document_.root["objective"] = {{"name", "classification"}};
  document_.root["model"] = {{"init_from", (folder_ / "pretrained").string()}};
  document_.root["data"] = {{"format", "table"},
                            {"train", {(folder_ / "train.tsv").string()}},
                            {"columns", {{"text", "document"}}},
                            {"sequence_length", 16}};
  EXPECT_EQ(refusal(), "accepted");
  auto config = read_json((folder_ / "run" / "model" / "config.json").string());
  EXPECT_EQ((*config)["id2label"], Json::parse(R"({"0": "no", "1": "yes"})"));
}

}  // namespace
}  // namespace malmoi::app
