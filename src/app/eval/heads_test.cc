// Tests of models that give numbers, labels of words and answers: how they are judged on tables, and what they say of lines.
#include <gmock/gmock.h>

#include "app/eval/table_eval.h"
#include "app/train/table_run.h"
#include "app/use/classify_lines.h"

namespace malmoi::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// Models that learn from rows in which a rule holds without exception.
class Heads : public TableRun {
 protected:
  void SetUp() override {
    TableRun::SetUp();
    std::string rows;
    for (int i = 0; i < 40; ++i) {
      const std::string value = i % 2 ? "good" : "bad", thing = i % 3 ? "film" : "play";
      const bool thing_first = i % 5 < 2;
      rows += dump_json({{"text", thing_first ? thing + " " + value : value + " " + thing},
                         {"target", i % 2 ? 1.5 : -1.5},
                         {"labels", thing_first ? Json{"thing", "value"} : Json{"value", "thing"}},
                         {"tags", thing_first ? Json{"B-THING", "O"} : Json{"O", "B-THING"}},
                         {"question", "good"},
                         {"answers", value == "good" ? Json(value) : Json::array()}}) +
              "\n";
    }
    ASSERT_TRUE(write_file(folder_ / "rows.jsonl", rows).ok());
    document_.root["data"]["train"] = document_.root["data"]["valid"] = {(folder_ / "rows.jsonl").string()};
    document_.root["train"]["best_metric"] = "loss";
    document_.root["train"]["steps"] = 200;
    document_.root["train"]["eval_every"] = 100;
  }

  void learn(const char* objective, const std::map<std::string, std::string>& columns) {
    document_.root["objective"]["name"] = objective;
    document_.root["data"]["columns"] = columns;
    columns_ = columns;
    auto report = train(document_, {}, job_);
    ASSERT_TRUE(report.ok()) << report.error().to_string();
    ASSERT_TRUE(report->best.has_value());
    EXPECT_LT(report->best->valid_loss, 0.1);
  }
  std::string model() const { return (folder_ / "run" / "best").string(); }
  Result<TableEvalReport> evaluate(const std::string& rows = "rows.jsonl", bool baselines = false) {
    TableEvalOptions options{.model = model(), .tables = {(folder_ / rows).string()}, .columns = columns_};
    if (baselines) options.train_tables = {(folder_ / "rows.jsonl").string()};
    return evaluate_table(options, job_);
  }
  // What classify says of the lines of a file; its error as a line of its own.
  std::vector<Json> said_of(const std::string& lines, bool explain = false) {
    EXPECT_TRUE(write_file(folder_ / "lines.txt", lines).ok());
    std::vector<Json> said;
    Status done = classify(
        {.model = model(), .file = (folder_ / "lines.txt").string(), .explain = explain},
        [&](const ClassifiedLine& line) -> Status {
          said.push_back(to_json(line));
          return {};
        },
        job_);
    if (!done.ok()) said.emplace_back(done.error().to_string());
    return said;
  }

  std::map<std::string, std::string> columns_;
};

using Figures = std::vector<std::pair<std::string, double>>;

TEST_F(Heads, NumbersAreMeasuredByTheirErrorAndCorrelation) {
  learn("regression", {});
  auto report = evaluate("rows.jsonl", true);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->task, "regression");
  ASSERT_EQ(report->answers.size(), 2u);
  const Figures& figures = report->answers[0].figures;
  ASSERT_EQ(figures[0].first, "pearson");
  EXPECT_GT(figures[0].second, 0.99);
  ASSERT_EQ(figures[1].first, "mse");
  EXPECT_LT(figures[1].second, 0.1);
  EXPECT_THAT(report->answers[1].figures, ElementsAre(testing::Pair("mse", testing::DoubleNear(2.25, 1e-12))))
      << "a constant correlates with nothing";
  EXPECT_EQ(report->examples[1].target, "1.5");

  const std::vector<Json> said = said_of("good film\nbad play\n");
  ASSERT_EQ(said.size(), 2u);
  EXPECT_NEAR(said[0]["value"].get<double>(), 1.5, 0.4);
  EXPECT_NEAR(said[1]["value"].get<double>(), -1.5, 0.4);
  EXPECT_THAT(said_of("good\n", true)[0].get<std::string>(), HasSubstr("--explain"));
  ASSERT_TRUE(write_file(folder_ / "bad.jsonl", "{\"text\": \"good\", \"target\": \"much\"}\n").ok());
  EXPECT_THAT(evaluate("bad.jsonl").error().to_string(), HasSubstr("bad.jsonl"));
}

TEST_F(Heads, EntitiesAreFoundInWords) {
  learn("token_classification", {{"tokens", "text"}, {"labels", "tags"}});
  auto report = evaluate("rows.jsonl", true);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->answers[0].figures,
            (Figures{{"entity_f1", 1}, {"entity_precision", 1}, {"entity_recall", 1}, {"accuracy", 1}}));
  EXPECT_THAT(report->labels, ElementsAre("B-THING", "O"));
  EXPECT_THAT(report->confusion, ElementsAre(ElementsAre(40, 0), ElementsAre(0, 40)));
  EXPECT_EQ(report->answers[1].figures[0].second, 1) << "each word has one label";
  ASSERT_TRUE(write_file(folder_ / "judged.jsonl", R"({"text": "good film", "tags": "B-THING B-THING"})"
                                                   "\n")
                  .ok());
  report = evaluate("judged.jsonl");
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->answers[0].figures,
            (Figures{{"entity_f1", 2.0 / 3}, {"entity_precision", 1}, {"entity_recall", 0.5}, {"accuracy", 0.5}}));
  EXPECT_EQ(report->examples[0].output, "O B-THING");

  std::vector<Json> said = said_of("  good  film\n\n");
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(said[0]["words"][0]["text"], "good");
  EXPECT_EQ(said[0]["words"][0]["label"], "O");
  EXPECT_GT(said[0]["words"][1]["probability"], 0.5);
  EXPECT_EQ(said[0]["entities"], Json::parse(R"([{"text": "film", "label": "THING", "start": 8, "end": 12}])"));
  EXPECT_EQ(said[1], Json::parse(R"({"words": [], "entities": []})"));
  std::string many = "good";
  for (int i = 0; i < 20; ++i) many += " film";
  said = said_of(many + "\n");
  EXPECT_EQ(said[0]["words"].size(), 21u);
  EXPECT_EQ(said[0]["words"][20]["label"], nullptr) << "it was cut away";
  EXPECT_EQ(said[0]["cut_tokens"], 7);
}

TEST_F(Heads, LabelsThatSpellNoEntitiesAreCountedByWord) {
  learn("token_classification", {{"tokens", "text"}});
  auto report = evaluate();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->answers[0].figures, (Figures{{"accuracy", 1}, {"macro_f1", 1}}));
  EXPECT_FALSE(said_of("good film\n")[0].contains("entities"));
}

TEST_F(Heads, AnswersAreFoundInTheirContext) {
  learn("question_answering", {{"context", "text"}});
  auto config = read_json((folder_ / "run" / "model" / "config.json").string());
  EXPECT_EQ((*config)["architectures"][0], "BertForQuestionAnswering");
  auto report = evaluate();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->answers[0].figures, (Figures{{"exact_match", 1}, {"f1", 1}, {"f1_char", 1}}));
  ASSERT_TRUE(write_file(folder_ / "judged.jsonl",
                         R"({"question": "good", "text": "film good", "answers": {"text": ["film good", "film"]}})"
                         "\n"
                         R"({"question": "good", "text": "film bad", "answers": {"text": [], "answer_start": []}})"
                         "\n")
                  .ok());
  report = evaluate("judged.jsonl");
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->answers[0].figures[0].second, 0.5) << "that there is none is right";
  EXPECT_NEAR(report->answers[0].figures[1].second, (2.0 / 3 + 1) / 2, 1e-12);
  EXPECT_EQ(report->examples[0].output, "good");

  const std::vector<Json> said = said_of(R"({"question": "good", "context": "film  good"})"
                                         "\n"
                                         R"({"question": "good", "context": "bad play"})"
                                         "\n");
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(said[0]["answer"], "good");
  EXPECT_EQ(said[0]["start"], 6);
  EXPECT_EQ(said[0]["end"], 10);
  EXPECT_EQ(said[1]["answer"], nullptr);
  EXPECT_FALSE(said[1].contains("start"));
  std::string far = "bad play";  // from the answer: twice what the model reads at once
  for (int i = 0; i < 14; ++i) far += " bad play";
  std::vector<Json> of_long = said_of(dump_json({{"question", "good"}, {"context", far + " good film"}}) + "\n" +
                                      dump_json({{"question", "good"}, {"context", far}}) + "\n");
  ASSERT_EQ(of_long.size(), 2u);
  EXPECT_EQ(of_long[0]["answer"], "good");
  EXPECT_EQ(of_long[0]["start"], far.size() + 1);
  EXPECT_EQ(of_long[1]["answer"], nullptr);
  EXPECT_FALSE(of_long[0].contains("cut_tokens"));
  for (const char* line : {"good film", "[1]", "{\"question\": \"good\"}"}) {
    const std::string told = said_of(std::string(line) + "\n")[0].get<std::string>();
    EXPECT_THAT(told, AllOf(HasSubstr("lines.txt (line 1)"), HasSubstr("context")));
  }
}

}  // namespace
}  // namespace malmoi::app
