// Tests of the report: what a run left is in the page, whole and harmless; long runs are averaged; bad lines are named.
#include "app/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
