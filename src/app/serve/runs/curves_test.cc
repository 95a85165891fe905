#include "app/serve/runs/curves.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/test_folder.h"

namespace malmoi::app {
namespace {

std::string step_line(int64_t step, double loss, const std::string& more = "") {
  return R"({"step":)" + std::to_string(step) + R"(,"loss":)" + std::to_string(loss) +
         R"(,"tokens":100,"tokens_per_second":50.0)" + more + "}";
}

TEST(Curves, EveryFigureIsACurveOverStepsTokensAndSeconds) {
  Curves curves;
  curves.add(step_line(0, 5));
  curves.add("{broken");
  curves.add(step_line(1, 4, R"(,"valid_loss":4.5,"skipped":true)"));
  const Json json = curves.to_json();
  EXPECT_EQ(json["last_step"], 1);
  EXPECT_EQ(dump_json(json["series"]["loss"]["points"]), "[[0,100.0,2.0,5.0],[1,200.0,4.0,4.0]]");
  EXPECT_EQ(json["series"]["valid_loss"]["count"], 1);
  EXPECT_EQ(json["skipped"], Json::array({1}));
  EXPECT_FALSE(json["series"].contains("tokens"));
}

TEST(Curves, WhatComesBehindAStepIsCountedFromTheBeginning) {
  Curves curves(0);
  curves.add(step_line(0, 5));
  curves.add(R"({"step":1,"loss":null,"tokens":100,"tokens_per_second":50})");
  EXPECT_EQ(dump_json(curves.to_json()["series"]["loss"]["points"]), "[[1,200.0,4.0,null]]");
}

TEST(GrowingLines, AFileIsFollowedAsItGrowsAndReadAnewWhenItIsReplaced) {
  const Path path = test_folder("growing");
  auto folder = OpenFolder::open(path);
  ASSERT_TRUE(folder.ok());
  GrowingLines lines;
  EXPECT_TRUE(lines.next(*folder, "file")->lines.empty()) << "it is not there yet";
  std::ofstream(path / "file") << "one\ntw";
  auto read = lines.next(*folder, "file");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->lines, std::vector<std::string>{"one"});
  EXPECT_FALSE(read->anew);
  std::ofstream(path / "file", std::ios::app) << "o\nthree\n";
  EXPECT_EQ(lines.next(*folder, "file")->lines, (std::vector<std::string>{"two", "three"}));
  EXPECT_TRUE(lines.next(*folder, "file")->lines.empty());
  ASSERT_TRUE(write_file(path / "file", "one\n").ok());
  read = lines.next(*folder, "file");
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read->anew);
  EXPECT_EQ(read->lines, std::vector<std::string>{"one"});
}

TEST(GrowingLines, WhatIsNoLineOfStepsIsPassedOver) {
  const Path path = test_folder("long_lines");
  auto folder = OpenFolder::open(path);
  ASSERT_TRUE(folder.ok());
  std::ofstream(path / "file") << std::string(9 << 20, 'x') << "\nshort\n";
  GrowingLines lines;
  std::vector<std::string> all;
  for (bool more = true; more;) {
    auto read = lines.next(*folder, "file");
    ASSERT_TRUE(read.ok());
    all.insert(all.end(), read->lines.begin(), read->lines.end());
    more = read->more;
  }
  EXPECT_EQ(all, std::vector<std::string>{"short"});
}

}  // namespace
}  // namespace malmoi::app
