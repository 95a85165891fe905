// Tests of the report: what a run left is in the page, whole and harmless; long runs are averaged; bad lines are named.
#include "app/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/report/report_curves.h"
#include "base/json.h"
#include "base/test_folder.h"

namespace malmoi::app {
namespace {

Path fresh_run(const std::string& name) {
  Path folder = test_folder("malmoi_report_" + name);
  return folder;
}

Json data_of(const Path& run) {
  std::string page = *read_file(run / "report.html");
  std::string_view open = "<script type=\"application/json\" id=\"data\">";
  size_t begin = page.find(open) + open.size(), end = page.find("</script>", begin);
  auto data = parse_json(std::string_view(page).substr(begin, end - begin), "page");
  EXPECT_TRUE(data.ok()) << data.error().to_string();
  return data.ok() ? *data : Json();
}

TEST(Report, HoldsTheRun) {
  Path run = fresh_run("whole");
  ASSERT_TRUE(
      write_file(run / "metrics.jsonl",
                 "{\"step\":0,\"loss\":9.5,\"grad_norm\":1.5,\"lr\":0.001,\"tokens\":64,\"tokens_per_second\":10}\n"
                 "{\"step\":1,\"loss\":8.5,\"lr\":0.002,\"tokens\":64,\"valid_loss\":8.75}\n"
                 "{\"step\":2,\"lo")
          .ok());
  ASSERT_TRUE(write_file(run / "samples.jsonl", "{\"step\":1,\"prompt\":\"말\",\"text\":\"</script><b>모이\"}\n").ok());
  ASSERT_TRUE(write_file(run / "config.yaml", "train:\n  steps: 2\n").ok());
  ASSERT_TRUE(write_file(run / "run.json", "{\"status\":\"finished\",\"seconds\":61.5}").ok());
  Status done = write_report(run);
  ASSERT_TRUE(done.ok()) << done.error().to_string();
  Json data = data_of(run);
  EXPECT_EQ(data["title"], "malmoi_report_whole");
  EXPECT_EQ(data["curves"]["loss"], Json({9.5, 8.5}));
  EXPECT_EQ(data["curves"]["grad_norm"], Json({1.5, nullptr}));
  EXPECT_EQ(data["curves"]["valid_step"], Json::array({1.0}));
  EXPECT_EQ(data["curves"]["tokens"], 128.0);
  EXPECT_EQ(data["samples"][0]["text"], "</script><b>모이");
  EXPECT_EQ(data["config"], "train:\n  steps: 2\n");
  EXPECT_EQ(data["run"]["seconds"], 61.5);
}

TEST(Report, AsksNoNetwork) {
  Path run = fresh_run("closed");
  ASSERT_TRUE(write_file(run / "metrics.jsonl", "{\"step\":0,\"loss\":1}\n").ok());
  ASSERT_TRUE(write_report(run).ok());
  std::string page = *read_file(run / "report.html");
  for (const char* outside : {"src=", "href=", "@import", "url(", "fetch(", "https:"})
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  EXPECT_EQ(page.find("{{SCRIPT}}"), std::string::npos) << "every place is filled";
}

TEST(Report, LongRunsAreAveraged) {
  Path run = fresh_run("long");
  std::string lines;
  for (int i = 0; i < 5001; ++i)
    lines += "{\"step\":" + std::to_string(i) + ",\"loss\":" + std::to_string(i % 3) + ",\"valid_loss\":1}\n";
  ASSERT_TRUE(write_file(run / "metrics.jsonl", lines).ok());
  ASSERT_TRUE(write_report(run).ok());
  Json curves = data_of(run)["curves"];
  EXPECT_EQ(curves["averaged"], 3);
  EXPECT_EQ(curves["loss"].size(), 1667u);
  EXPECT_EQ(curves["loss"][0], 1.0) << "the mean of 0, 1, 2";
  EXPECT_EQ(curves["step"][0], 1.0);
  EXPECT_EQ(curves["valid_loss"].size(), 5001u) << "measured rarely, kept whole";
}

Json figure_of(const Json& curves, std::string_view name) {
  for (const Json& figure : curves["figures"]) {
    if (figure["name"] == name) return figure;
  }
  return nullptr;
}

TEST(Report, EveryOtherNumberIsAFigure) {
  Path run = fresh_run("figures");
  ASSERT_TRUE(
      write_file(run / "metrics.jsonl",
                 "{\"step\":0,\"loss\":1,\"tokens\":4,\"accuracy\":0.12345678,\"advantages\":[1,2],\"skipped\":true}\n"
                 "{\"step\":1,\"loss\":1,\"tokens\":4,\"accuracy\":0.5,\"valid_loss\":2,\"valid_accuracy\":0.25}\n"
                 "{\"step\":2,\"loss\":1,\"tokens\":4,\"accuracy\":null,\"margin\":null,\"note\":\"3\"}\n")
          .ok());
  ASSERT_TRUE(write_report(run).ok());
  const Json curves = data_of(run)["curves"];
  EXPECT_EQ(curves["figures"].size(), 2u) << curves["figures"];
  EXPECT_EQ(figure_of(curves, "accuracy")["value"], Json({0.123457, 0.5})) << "as many digits as are seen";
  EXPECT_EQ(figure_of(curves, "accuracy")["step"], Json({0.0, 1.0}));
  EXPECT_EQ(figure_of(curves, "valid_accuracy")["step"], Json::array({1.0}));
  EXPECT_EQ(curves["more_figures"], false);
}

TEST(Report, FiguresOfLongRunsAreAveragedWhereTheyWereMeasured) {
  Path run = fresh_run("long_figures");
  std::string lines;
  for (int i = 0; i < 6000; ++i) {
    lines += "{\"step\":" + std::to_string(i) + ",\"reward\":" + std::to_string(i % 3);
    lines += i % 1000 == 2 ? ",\"valid_reward\":7}\n" : "}\n";
  }
  ASSERT_TRUE(write_file(run / "metrics.jsonl", lines).ok());
  ASSERT_TRUE(write_report(run).ok());
  const Json curves = data_of(run)["curves"];
  const Json reward = figure_of(curves, "reward"), valid = figure_of(curves, "valid_reward");
  EXPECT_EQ(reward["value"].size(), 2000u);
  EXPECT_EQ(reward["value"][0], 1.0);
  EXPECT_FALSE(reward.contains("step")) << "the common steps are not repeated";
  EXPECT_EQ(valid["step"], Json({2.0, 1002.0, 2002.0, 3002.0, 4002.0, 5002.0}));
}

TEST(Report, FiguresAreBounded) {
  Path run = fresh_run("many_figures");
  std::string line = "{\"step\":0";
  for (int i = 0; i < 1000; ++i) line += ",\"figure" + std::to_string(i) + "\":" + std::to_string(i);
  ASSERT_TRUE(write_file(run / "metrics.jsonl", line + ",\"" + std::string(5000, 'x') + "\":1}\n").ok());
  ASSERT_TRUE(write_report(run).ok());
  const Json curves = data_of(run)["curves"];
  EXPECT_EQ(curves["figures"].size(), ReportCurves::kMostFigures);
  EXPECT_EQ(curves["figures"][0]["name"], "figure0");
  EXPECT_EQ(curves["more_figures"], true);
}

TEST(Report, ShowsWhatAnEvaluationBeforeTheFirstStepGave) {
  Path run = fresh_run("before");
  ASSERT_TRUE(write_file(run / "metrics.jsonl",
                         "{\"step\":4,\"valid_loss\":2.5,\"valid_accuracy\":0.5}\n"
                         "{\"step\":9,\"valid_loss\":2.75,\"valid_accuracy\":0.625}\n")
                  .ok());
  ASSERT_TRUE(
      write_file(run / "run.json", R"({"best_step":5,"before":{"valid_loss":3.5,"valid_accuracy":0.25}})").ok());
  ASSERT_TRUE(write_report(run).ok());
  const Json evaluations = data_of(run)["evaluations"];
  EXPECT_EQ(evaluations["before"]["figures"], Json::object({{"valid_loss", 3.5}, {"valid_accuracy", 0.25}}));
  EXPECT_EQ(evaluations["best"], Json({{"step", 5}, {"figures", {{"valid_loss", 2.5}, {"valid_accuracy", 0.5}}}}));
  EXPECT_EQ(evaluations["last"]["step"], 10);
}

TEST(Report, KeepsTheSamplesFromBeforeTheFirstStep) {
  Path run = fresh_run("samples");
  ASSERT_TRUE(write_file(run / "metrics.jsonl", "{\"step\":0}\n").ok());
  std::string lines;
  for (int step = 0; step < 500; ++step)
    lines += "{\"step\":" + std::to_string(step) + ",\"prompt\":\"a\",\"text\":\"" + std::to_string(step) + "\"}\n";
  ASSERT_TRUE(write_file(run / "samples.jsonl", lines).ok());
  ASSERT_TRUE(write_report(run).ok());
  const Json samples = data_of(run)["samples"];
  ASSERT_EQ(samples.size(), 101u);
  EXPECT_EQ(samples[0]["text"], "0");
  EXPECT_EQ(samples[1]["text"], "400");
  EXPECT_EQ(samples[100]["text"], "499");
}

TEST(Report, NamesWhatIsMissingOrMalformed) {
  Path run = fresh_run("bad");
  EXPECT_EQ(write_report(run).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(write_file(run / "metrics.jsonl", "{\"step\":0}\n{bad\n{\"step\":2}\n").ok());
  EXPECT_THAT(write_report(run).error().to_string(), testing::HasSubstr("metrics.jsonl:2"));
  ASSERT_TRUE(write_file(run / "metrics.jsonl", "[1]\n{\"step\":2}\n").ok());
  EXPECT_THAT(write_report(run).error().to_string(), testing::HasSubstr("an object was expected"));
}

}  // namespace
}  // namespace malmoi::app
