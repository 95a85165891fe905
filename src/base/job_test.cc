// Tests of jobs: stops reach every copy of a token, lines reach their receiver, a silent job takes everything.
#include "base/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace malmoi {
namespace {

using testing::ElementsAre;

TEST(Job, AStopReachesEveryCopyAndCanBeTakenBack) {
  StopSource source;
  StopToken token = source.token(), copy = token;
  EXPECT_TRUE(copy.check("here").ok());
  EXPECT_FALSE(source.request());
  EXPECT_TRUE(source.request()) << "it was requested before";
  Status stopped = copy.check("here", "run it again");
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(stopped.error().to_string(), "here: stopped; run it again");
  source.clear();
  EXPECT_FALSE(token.requested());
}

TEST(Job, TokensOutliveTheirSource) {
  StopToken token;
  EXPECT_FALSE(token.requested()) << "a token without a source never asks";
  {
    StopSource source;
    token = source.token();
    source.request();
  }
  EXPECT_TRUE(token.requested());
}

TEST(Job, LinesReachTheirReceivers) {
  std::vector<std::string> lines;
  bool due = true;
  Job job;
  job.message = [&](const std::string& line) { lines.push_back(line); };
  job.progress = {[&](const std::string& line) { lines.push_back("live: " + line); }, [&] { return due; }};
  EXPECT_TRUE(job.progress.due());
  job.progress("1 of 2");
  due = false;
  EXPECT_FALSE(job.progress.due());
  tell_lines(job.message, "first\n\nlast\n");
  EXPECT_THAT(lines, ElementsAre("live: 1 of 2", "first", "", "last"));
}

TEST(Job, WithoutReceiversNothingIsShown) {
  Job job;
  EXPECT_FALSE(job.progress.due());
  job.progress("nowhere");
  job.message("nowhere");
  job.warn("nowhere");
}

}  // namespace
}  // namespace malmoi
