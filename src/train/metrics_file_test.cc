// Tests of metrics.jsonl: what an earlier call wrote, damaged lines, and a disk without space.
#include "train/metrics_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "train/full_disk.h"

namespace malmoi::train {
namespace {

using testing::ElementsAre;

Path fresh_file(const char* name) {
  Path path = Path(testing::TempDir()) / name;
  std::filesystem::remove(path);
  return path;
}

std::vector<int64_t> steps_in(const Path& path) {
  std::vector<int64_t> steps;
  std::string text = *read_file(path);
  EXPECT_TRUE(text.empty() || text.ends_with('\n')) << "whole lines";
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    steps.push_back(step_of_line(std::string_view(text).substr(begin, end - begin)).value_or(-1));
    begin = end + 1;
  }
  return steps;
}

TEST(MetricsFile, StepsThatAreTakenAgainAreCutAway) {
  Path path = fresh_file("metrics_again.jsonl");
  {
    MetricsFile file;
    EXPECT_EQ(*file.open(path, 0), 0);
    for (int64_t step = 0; step < 5; ++step) ASSERT_TRUE(file.add({.step = step}).ok());
  }
  MetricsFile file;
  EXPECT_EQ(*file.open(path, 3), 0);
  ASSERT_TRUE(file.add({.step = 3}).ok());
  EXPECT_THAT(steps_in(path), ElementsAre(0, 1, 2, 3));
}

TEST(MetricsFile, DamagedLinesAreLeftOutAndCounted) {
  Path path = fresh_file("metrics_damaged.jsonl");
  ASSERT_TRUE(
      write_file(path,
                 "{\"step\": 0}\n\n{\"step\": \"one\"}\n{\"step\": 1e400}\n[1]\n{\"step\": 18446744073709551615}\n"
                 "\xff\xfe{\n{\"step\": 3.5}\n{\"step\": 4}\n{\"step\": 2}\n{\"step\": 5}\n{\"step\": 9}\n{\"ste")
          .ok());
  MetricsFile file;
  EXPECT_EQ(*file.open(path, 8), 7);
  EXPECT_THAT(steps_in(path), ElementsAre(0, 4, 5)) << "each once, in order";
}

TEST(MetricsFile, WithoutSpaceLinesWaitAndNoneIsCut) {
  Path path = fresh_file("metrics_full.jsonl");
  MetricsFile file;
  ASSERT_TRUE(file.open(path, 0).ok());
  ASSERT_TRUE(file.add({.step = 0}).ok());
  {
    FullDisk full(std::filesystem::file_size(path) + 10);  // a part of the next line would fit
    EXPECT_FALSE(file.add({.step = 1}).ok());
    EXPECT_FALSE(file.add({.step = 2}).ok());
    EXPECT_THAT(steps_in(path), ElementsAre(0));
  }
  ASSERT_TRUE(file.add({.step = 3}).ok());
  EXPECT_THAT(steps_in(path), ElementsAre(0, 1, 2, 3));
}

}  // namespace
}  // namespace malmoi::train
