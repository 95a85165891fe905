// Programs of users as rewards: they answer, die, hang, and print what nobody asked for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/log.h"
#include "base/test_folder.h"
#include "reward/program_reply.h"
#include "reward/test_reward.h"

namespace malmoi::reward {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ProgramReply, IsARewardAnErrorOrRubbish) {
  using Kind = ProgramReply::Kind;
  const ProgramReply reward = parse_program_reply(R"({"reward": -0.5, "note": "x"})", 1);
  EXPECT_EQ(reward.kind, Kind::kReward);
  EXPECT_EQ(reward.reward, -0.5);
  EXPECT_EQ(parse_program_reply(R"({"reward": 1, "id": 7})", 7).kind, Kind::kReward);
  EXPECT_EQ(parse_program_reply(R"({"reward": 1, "id": 6})", 7).kind, Kind::kRubbish);
  const ProgramReply error = parse_program_reply(R"({"error": "no \u001b answer"})", 1);
  EXPECT_EQ(error.kind, Kind::kError);
  EXPECT_EQ(error.what, "no ␛ answer");
  EXPECT_EQ(parse_program_reply(R"({"error": null, "reward": 2})", 1).kind, Kind::kReward);
  for (const char* line : {"", "1", "{}", "[]", "loading ...", R"({"reward": "1"})", R"({"reward": true})",
                           R"({"reward": NaN})", R"({"reward": 1e999})", "{\"reward\": 1} x"})
    EXPECT_EQ(parse_program_reply(line, 1).kind, Kind::kRubbish) << line;
}

// A reward of a Python program that has `body` for each request `r`, and answers by say().
std::string program_of(const std::string& name, const std::string& body, const std::string& options = "") {
  const Path path = test_folder("program_" + name) / "reward.py";
  const std::string text =
      "import json, os, sys, time\n"
      "def say(**reply):\n"
      "    print(json.dumps(reply), flush=True)\n"
      "for line in sys.stdin:\n"
      "    r = json.loads(line)\n"
      "    c = r['completion']\n" +
      body;
  EXPECT_TRUE(write_file(path, text).ok());
  return "[{type: program, command: [python3, " + path.string() + "], seconds: 2, failed_reward: -9" + options + "}]";
}

TEST(ProgramReward, AnswersALineForEachRow) {
  RewardTester rewards(program_of(
      "answers", "    say(reward=len(c) + r['row']['bonus'] + (100 if r['prompt'] != 'the prompt' else 0))\n"));
  ASSERT_EQ(rewards.refused(), "");
  const Json row = {{"bonus", 0.5}};
  EXPECT_THAT(rewards.judge({{"a", row}, {"ab\n\"", row}, {"", row}}).totals, ElementsAre(1.5, 4.5, 0.5));
  EXPECT_EQ(rewards.reward(std::string(1 << 20, 'x'), row), (1 << 20) + 0.5) << "more than a pipe holds";
  EXPECT_THAT(rewards.warnings, IsEmpty());
}

TEST(ProgramReward, SeveralProcessesShareTheRows) {
  RewardTester rewards(program_of("several", "    time.sleep(0.01)\n    say(reward=float(c))\n", ", processes: 3"));
  std::vector<Answer> answers;
  for (int i = 0; i < 30; ++i) answers.push_back({std::to_string(i)});
  const BatchRewards judged = rewards.judge(answers);
  ASSERT_EQ(judged.totals.size(), 30u) << rewards.error;
  for (int i = 0; i < 30; ++i) EXPECT_EQ(judged.totals[static_cast<size_t>(i)], i);
}

TEST(ProgramReward, ItsOwnErrorsAreFailuresOfARow) {
  RewardTester rewards(program_of("errors", "    say(error='no number') if c == 'x' else say(reward=1)\n"));
  EXPECT_THAT(rewards.judge({{"x"}, {"1"}, {"x"}, {"x"}, {"x"}, {"x"}, {"2"}}).totals,
              ElementsAre(-9, 1, -9, -9, -9, -9, 1))
      << "as often as it likes";
  EXPECT_THAT(rewards.warnings.at(0), HasSubstr("no number"));
}

TEST(ProgramReward, OneThatDiesIsBegunAnew) {
  RewardTester rewards(program_of("dies", "    if c == 'x': raise KeyError('gone')\n    say(reward=os.getpid())\n"));
  const BatchRewards judged = rewards.judge({{"1"}, {"x"}, {"2"}, {"x"}, {"3"}});
  ASSERT_EQ(judged.totals.size(), 5u) << rewards.error;
  EXPECT_EQ(judged.totals[1], -9);
  EXPECT_NE(judged.totals[0], judged.totals[2]) << "another process";
  EXPECT_NE(judged.totals[2], judged.totals[4]);
  EXPECT_THAT(judged.parts[0].failures[1], HasSubstr("ended with status 1: KeyError: 'gone'"));
}

TEST(ProgramReward, OneThatDiesEachTimeEndsTheWork) {
  RewardTester rewards(program_of("always", "    sys.exit(7)\n", ", restarts: 2"));
  EXPECT_TRUE(rewards.judge({{"1"}, {"2"}}).totals.size() == 2) << rewards.error;
  EXPECT_THAT(rewards.judge({{"3"}}).totals, IsEmpty());
  EXPECT_THAT(rewards.error, HasSubstr("failed 3 times in a row: it ended with status 7"));
  EXPECT_THAT(rewards.error, HasSubstr("malmoi reward"));
}

TEST(ProgramReward, OneThatHangsIsEnded) {
  RewardTester rewards(program_of("hangs", "    time.sleep(100 if c == 'x' else 0)\n    say(reward=1)\n"));
  const double before = monotonic_seconds();
  const BatchRewards judged = rewards.judge({{"1"}, {"x"}, {"2"}});
  EXPECT_THAT(judged.totals, ElementsAre(1, -9, 1)) << rewards.error;
  EXPECT_THAT(judged.parts.at(0).failures.at(1), HasSubstr("no answer within 2 s"));
  EXPECT_LT(monotonic_seconds() - before, 60);
}

TEST(ProgramReward, RubbishIsToldAndNoOtherRowGetsItsAnswer) {
  RewardTester rewards(program_of("rubbish",
                                  "    if c == 'x': print('loading', flush=True)\n"
                                  "    say(reward=float(len(c)))\n"
                                  "    if c == 'yy': say(reward=5)\n"));
  const BatchRewards judged = rewards.judge({{"abc"}, {"x"}, {"abcd"}, {"abcde"}});
  EXPECT_THAT(judged.totals, ElementsAre(3, -9, 4, 5)) << rewards.error;
  EXPECT_THAT(judged.parts.at(0).failures.at(1), HasSubstr("'loading'"));
}

TEST(ProgramReward, ALineWithoutEndIsRubbish) {
  RewardTester rewards(program_of("endless", "    while True: sys.stdout.write('x' * 65536)\n", ", restarts: 1"));
  EXPECT_THAT(rewards.judge({{"1"}}).totals, ElementsAre(-9)) << rewards.error;
  EXPECT_THAT(rewards.warnings.at(0), HasSubstr("more than 1 MiB"));
}

TEST(ProgramReward, WhatIsNotThereIsRefusedBeforeAnythingIsJudged) {
  RewardTester rewards("[{type: program, command: [/no/such/program]}]");
  EXPECT_THAT(rewards.refused(), HasSubstr("reward program: /no/such/program: the program cannot be started"));
}

TEST(ProgramReward, AStopEndsTheWait) {
  RewardTester rewards(program_of("stop", "    time.sleep(100)\n", ", start_seconds: 100"));
  const double before = monotonic_seconds();
  std::thread user([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    rewards.stop.request();
  });
  EXPECT_EQ(rewards.reward("x"), -100);
  user.join();
  EXPECT_THAT(rewards.error, HasSubstr("stopped"));
  EXPECT_LT(monotonic_seconds() - before, 60);
}

}  // namespace
}  // namespace malmoi::reward
