// Tests of evaluations on tables: classifiers and encoder-decoders beside baselines, on models that learn in seconds.
#include "app/eval/table_eval.h"

#include <gmock/gmock.h>

#include "app/train/table_run.h"
#include "app/use/answer_all.h"
#include "app/use/generate.h"

namespace malmoi::app {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

double figure(const JudgedAnswers& answers, const std::string& name) {
  for (const auto& [figure, value] : answers.figures) {
    if (figure == name) return value;
  }
  ADD_FAILURE() << answers.name << " has no " << name;
  return -1;
}

class LabelTable : public TableRun {
 protected:
  Result<TableEvalReport> evaluate(const std::string& rows, std::map<std::string, std::string> columns,
                                   bool baselines = false) {
    EXPECT_TRUE(write_file(folder_ / "judged.tsv", rows).ok());
    TableEvalOptions options{.model = (folder_ / "run" / "best").string(),
                             .tables = {(folder_ / "judged.tsv").string()},
                             .columns = std::move(columns)};
    if (baselines) options.train_tables = {(folder_ / "train.tsv").string()};
    return evaluate_table(options, job_);
  }
};

TEST_F(LabelTable, CountsWhatWasPredictedBesideBaselines) {
  ASSERT_EQ(refusal(), "accepted");
  auto report = evaluate("document\tlabel\ngood film\tyes\nbad film\tno\nbad bad\tno\ngood playing\tno\n",
                         {{"text", "document"}}, true);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->task, "classification");
  EXPECT_THAT(report->labels, ElementsAre("no", "yes"));
  ASSERT_EQ(report->answers.size(), 3u) << "the model, the most frequent label, n-grams";
  EXPECT_DOUBLE_EQ(figure(report->answers[0], "accuracy"), 0.75);
  EXPECT_THAT(report->confusion, ElementsAre(ElementsAre(2, 1), ElementsAre(0, 1)));
  EXPECT_DOUBLE_EQ(figure(report->answers[1], "accuracy"), 0.75) << "three of four are 'no', the first of equals";
  EXPECT_DOUBLE_EQ(figure(report->answers[2], "accuracy"), 0.75);
  ASSERT_EQ(report->examples.size(), 1u) << "mistakes alone";
  EXPECT_EQ(report->examples[0].input, "good playing");
  EXPECT_EQ(report->examples[0].output, "yes");
}

TEST_F(LabelTable, ReadsTheSecondTextOfARow) {
  document_.root["data"]["columns"] = {{"text", "id"}, {"text_pair", "document"}};  // the first text says nothing
  ASSERT_EQ(refusal(), "accepted");
  const std::string rows = "a\tb\tlabel\n1\tgood film\tyes\n1\tbad film\tno\n";
  auto report = evaluate(rows, {{"text", "a"}, {"text_pair", "b"}});
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_DOUBLE_EQ(figure(report->answers[0], "accuracy"), 1);
  auto alone = evaluate(rows, {{"text", "a"}});
  ASSERT_TRUE(alone.ok()) << alone.error().to_string();
  EXPECT_DOUBLE_EQ(figure(alone->answers[0], "accuracy"), 0.5) << "the same text with both labels";
  auto wrong = evaluate("a\tb\tlabel\n1\tgood film\tno\n", {{"text", "a"}, {"text_pair", "b"}});
  ASSERT_TRUE(wrong.ok() && wrong->examples.size() == 1);
  EXPECT_EQ(wrong->examples[0].input, "1 / good film");
}

TEST_F(LabelTable, WhatIsWrongIsNamedByItsRow) {
  ASSERT_EQ(refusal(), "accepted");
  auto told = [&](const std::string& rows, std::map<std::string, std::string> columns) {
    auto report = evaluate(rows, std::move(columns));
    return report.ok() ? "accepted" : report.error().to_string();
  };
  EXPECT_THAT(told("text\tlabel\ngood\tyes\nbad\tmaybe\n", {}),
              HasSubstr("judged.tsv#2: the label 'maybe' is not one of the model's: no, yes"));
  EXPECT_THAT(told("text\tlabel\ngood\tyes\n", {{"source", "text"}}), HasSubstr("the model reads no 'source'"));
  EXPECT_THAT(told("text\tlabel\n", {}), HasSubstr("holds no rows"));
}

// Good and bad are exchanged, and what is so stays: a language of four words.
class OutputTable : public TableRun {
 protected:
  static constexpr int kRows = 16;  // all texts of a value, a thing, a value and a thing

  void SetUp() override {
    TableRun::SetUp();
    ASSERT_TRUE(write_file(folder_ / "words" / "tokenizer.json", train::words_tokenizer_json("<|endoftext|>")).ok());
    std::string rows = "source\ttarget\n";
    const char* values[] = {"good", "bad"};
    const char* things[] = {"film", "play"};
    for (int i = 0; i < kRows; ++i) {
      for (int exchanged : {0, 1}) {
        rows += std::string(exchanged ? "\t" : "") + values[(i & 1) ^ exchanged] + " " + things[i >> 1 & 1] + " " +
                values[(i >> 2 & 1) ^ exchanged] + " " + things[i >> 3 & 1];
      }
      rows += "\n";
    }
    ASSERT_TRUE(write_file(folder_ / "train.tsv", rows).ok());
    ASSERT_TRUE(write_file(folder_ / "valid.tsv", rows).ok());
    document_.root["objective"] = {{"name", "seq2seq"}};
    document_.root["model"] = {
        {"architecture", "t5"}, {"d_model", 32}, {"num_layers", 1}, {"num_heads", 2}, {"dropout_rate", 0.0}};
    document_.root["data"]["columns"] = Json::object();
    document_.root["samples"] = {{"outputs", 8}};
    document_.root["train"]["best_metric"] = "chrf";
    document_.root["train"]["steps"] = 1000;
    document_.root["train"]["eval_every"] = 500;
    document_.root["train"]["optimizer"]["lr"] = 0.005;
  }
  Result<TableEvalReport> evaluate(bool baselines) {
    TableEvalOptions options{.model = (folder_ / "run" / "best").string(),
                             .tables = {(folder_ / "valid.tsv").string()}};
    if (baselines) options.train_tables = {(folder_ / "train.tsv").string()};
    return evaluate_table(options, job_);
  }
};

TEST_F(OutputTable, OutputsAreScoredWhileTrainingAndAfterwards) {
  auto trained = train(document_, {}, job_);
  ASSERT_TRUE(trained.ok()) << trained.error().to_string();
  ASSERT_TRUE(trained->best.has_value());
  ASSERT_TRUE(trained->best->score.has_value());
  EXPECT_EQ(trained->best->score->first, "chrf");
  EXPECT_GT(trained->best->score->second, 95);
  EXPECT_THAT(*read_file(folder_ / "run" / "metrics.jsonl"), HasSubstr("\"valid_bleu_char\":"));
  const std::string outputs = *read_file(folder_ / "run" / "outputs.jsonl");
  EXPECT_EQ(std::count(outputs.begin(), outputs.end(), '\n'), 8) << "samples.outputs";
  EXPECT_THAT(outputs, HasSubstr("\"source\":\"good film good film\""));

  auto report = evaluate(true);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->task, "seq2seq");
  EXPECT_EQ(report->rows, static_cast<size_t>(kRows));
  ASSERT_EQ(report->answers.size(), 3u);
  EXPECT_GT(figure(report->answers[0], "bleu"), 90);
  EXPECT_LT(figure(report->answers[1], "bleu"), 30) << "the source itself";
  EXPECT_EQ(figure(report->answers[2], "chrf"), 100) << "the nearest training pair is the row";
  EXPECT_EQ(report->examples[0].output, report->examples[0].target);
}

TEST_F(OutputTable, TheRulesOfTheFolderHold) {
  document_.root["train"]["steps"] = 20;
  document_.root["train"]["best_metric"] = "loss";
  ASSERT_EQ(refusal(), "accepted");
  const Path rules = folder_ / "run" / "best" / "generation_config.json";
  auto fields = read_json(rules.string());
  Json said = fields.ok() ? *fields : Json::object();
  said["forced_bos_token_id"] = 7;
  said["max_length"] = 2;  // the start token and one more
  said["num_beams"] = 3;   // of which nothing is to be seen here
  ASSERT_TRUE(write_file(rules, dump_json(said)).ok());
  auto report = evaluate(false);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  ASSERT_EQ(report->examples.size(), static_cast<size_t>(kRows));
  for (const TableEvalReport::Example& example : report->examples) EXPECT_EQ(example.output, "film");
}

TEST_F(OutputTable, AnOutputIsAsLongAsItIsAskedFor) {
  document_.root["train"]["steps"] = 20;
  document_.root["train"]["best_metric"] = "loss";
  ASSERT_EQ(refusal(), "accepted");
  auto loaded = load_for_generation((folder_ / "run" / "best").string(), {DType::kF32}, job_);
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  auto written = [&](std::vector<int64_t> lengths) {
    return *answer_all(*loaded->model, *loaded->tokenizer, {"good film", "bad play"},
                       {.max_input = 8, .max_output = 4, .lengths = std::move(lengths)}, job_);
  };
  const std::vector<std::string> whole = written({}), shorter = written({2, 9});
  EXPECT_TRUE(whole[0].starts_with(shorter[0]));
  EXPECT_LT(shorter[0].size(), whole[0].size());
  EXPECT_EQ(shorter[1], whole[1]);
}

TEST_F(OutputTable, SourcesThatAreCutAreCounted) {
  document_.root["model"] = {{"architecture", "bart"},       {"d_model", 16},
                             {"encoder_layers", 1},          {"decoder_layers", 1},
                             {"encoder_attention_heads", 2}, {"decoder_attention_heads", 2},
                             {"max_position_embeddings", 5}};
  document_.root["data"]["long_rows"] = "cut";
  document_.root["train"]["steps"] = 2;
  document_.root["train"]["best_metric"] = "loss";
  ASSERT_EQ(refusal(), "accepted");
  messages_.clear();
  ASSERT_TRUE(evaluate(false).ok());
  EXPECT_THAT(messages_, Contains(HasSubstr("16 sources longer than 5 tokens, cut at the end")));
}

}  // namespace
}  // namespace malmoi::app
