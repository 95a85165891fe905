// Programs of answers against the tests of their rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reward/python_tests.h"
#include "reward/test_reward.h"

namespace malmoi::reward {
namespace {

using testing::HasSubstr;

TEST(PythonTests, TheMarkAloneSaysThatOneWasPassed) {
  EXPECT_EQ(passed_tests("\nm 0\n\nm 2\n\nm 2\n", "m", 3), 2u);
  EXPECT_EQ(passed_tests("all tests passed 0 1 2", "a1b2", 3), 0u);
  EXPECT_EQ(passed_tests("a1b2 7\na1b2\na1b2 x\na1b2 -1\na1b2", "a1b2", 3), 0u);
  EXPECT_EQ(passed_tests("", "m", 1), 0u);
  EXPECT_NE(new_mark(), new_mark());
  EXPECT_EQ(new_mark().size(), 32u);
}

std::string python(const std::string& code) { return "Here it is.\n```python\n" + code + "\n```\n"; }

Json row_of(const char* text) { return parse_json(text, "row").value(); }

#define SKIP_WITHOUT_SANDBOX(rewards) \
  if (!(rewards).refused().empty()) GTEST_SKIP() << (rewards).refused()

TEST(UnitTests, ProgramsThatPassAllTestsAreRewarded) {
  RewardTester rewards("[{type: unit_tests}]");
  SKIP_WITHOUT_SANDBOX(rewards);
  const Json row = {{"tests", {"assert add(1, 2) == 3", "assert add(-1, 1) == 0"}}};
  EXPECT_EQ(rewards.reward(python("def add(a, b):\n    return a + b"), row), 1);
  EXPECT_EQ(rewards.reward(python("def add(a, b):\n    return 3"), row), 0) << "one of two";
  EXPECT_EQ(rewards.reward(python("def add(a, b) return a"), row), 0) << "no program";
  EXPECT_EQ(rewards.reward("I cannot write programs.", row), 0);
  EXPECT_EQ(rewards.reward("```\ndef add(a, b): return a + b\n```", {{"tests", "assert add(1, 1) == 2"}}), 1);
  EXPECT_EQ(rewards.reward("```js\nadd = (a, b) => a + b\n```", row), 0) << "another language";
  EXPECT_TRUE(rewards.warnings.empty());
}

TEST(UnitTests, ProgramsThatOnlySayThatTheyPassDoNot) {
  RewardTester rewards("[{type: unit_tests, seconds: 5}]");
  SKIP_WITHOUT_SANDBOX(rewards);
  const Json row = {{"tests", "assert add(1, 2) == 3"}};
  for (const char* code : {"import sys\nsys.exit(0)", "import os\nos._exit(0)", "print('passed 0')", "while True: pass",
                           "def add(a, b):\n    import os\n    os._exit(0)", "def add(a, b):\n    raise SystemExit(0)",
                           "print(input())", "import os\nos.fork()\n1 / 0"})
    EXPECT_EQ(rewards.reward(python(code), row), 0) << code;
}

TEST(UnitTests, TheMainPartOfAProgramIsNotRunWithTests) {
  RewardTester rewards("[{type: unit_tests}]");
  SKIP_WITHOUT_SANDBOX(rewards);
  EXPECT_EQ(rewards.reward(python("def f(): return 1\nif __name__ == '__main__':\n    print(f(int(input())))"),
                           {{"tests", "assert f() == 1"}}),
            1);
}

TEST(UnitTests, APartOfTheTestsMayCount) {
  RewardTester rewards("[{type: unit_tests, partial: true, setup_column: before}]");
  SKIP_WITHOUT_SANDBOX(rewards);
  const Json row = {
      {"before", "import math"},
      {"tests", {"assert f(4) == math.sqrt(16)", "assert f(1) == 2", "assert f(2) == 2", "assert f() == 1"}}};
  EXPECT_EQ(rewards.reward(python("def f(x): return x"), row), 0.5);
}

TEST(UnitTests, ProgramsMayReadAndPrint) {
  RewardTester rewards("[{type: unit_tests, partial: true, unfenced: true}]");
  SKIP_WITHOUT_SANDBOX(rewards);
  const Json row = row_of(R"({"tests": [{"input": "1 2\n", "output": "3\n"}, {"input": "5 6", "output": "11"}]})");
  EXPECT_EQ(rewards.reward("print(sum(map(int, input().split())))", row), 1);
  EXPECT_EQ(rewards.reward("print(3, ' ')\nprint()", row), 0.5) << "white space at the ends of lines is nothing";
  EXPECT_EQ(rewards.reward("print(3)\nraise SystemExit(1)", row), 0) << "it failed";
}

TEST(UnitTests, OtherLanguagesHaveTheirCommand) {
  RewardTester rewards("[{type: unit_tests, languages: [sh], file: run.sh, command: [/bin/sh, run.sh]}]");
  SKIP_WITHOUT_SANDBOX(rewards);
  const Json row = row_of(R"({"tests": [{"input": "a", "output": "got a"}]})");
  EXPECT_EQ(rewards.reward("```sh\necho \"got $(cat)\"\n```", row), 1);
  EXPECT_EQ(rewards.reward("```sh\ntrue\n```", {{"tests", "assert True"}}), 0);
  EXPECT_THAT(rewards.warnings.at(0), HasSubstr("does not run"));
}

TEST(UnitTests, RowsWithoutTestsCannotBeJudged) {
  RewardTester rewards("[{type: unit_tests}]");
  SKIP_WITHOUT_SANDBOX(rewards);
  for (const Json& tests : {Json(), Json(3), Json::array(), Json::array({1}), Json::array({"a", {{"output", "b"}}})}) {
    EXPECT_FALSE(rewards.set().check_row({{"tests", tests}}).ok()) << tests;
    rewards.reward(python("x = 1"), {{"tests", tests}});
  }
  EXPECT_EQ(rewards.set().failures().at(0).second, 5);
}

TEST(UnitTests, WorkersShareABatch) {
  RewardTester rewards("[{type: unit_tests, workers: 3}]");
  SKIP_WITHOUT_SANDBOX(rewards);
  std::vector<Answer> answers;
  for (int i = 0; i < 9; ++i)
    answers.push_back({python("def f(): return " + std::to_string(i)), {{"tests", "assert f() % 2 == 0"}}});
  const BatchRewards judged = rewards.judge(answers);
  ASSERT_EQ(judged.totals.size(), 9u) << rewards.error;
  for (size_t i = 0; i < 9; ++i) EXPECT_EQ(judged.totals[i], i % 2 == 0);
}

}  // namespace
}  // namespace malmoi::reward
