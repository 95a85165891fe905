// What evaluations gave before and after a run, from files as they are and as they may be.
#include "app/report/evaluations.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace malmoi::app {
namespace {

class EvaluationsTest : public testing::Test {
 protected:
  void SetUp() override { folder_ = test_folder("malmoi_evaluations"); }
  Evaluations read(const std::string& metrics, const std::string& facts) {
    EXPECT_TRUE(write_file(folder_ / "metrics.jsonl", metrics).ok());
    return read_evaluations(folder_, *parse_json(facts, "facts"));
  }
  Path folder_;
};

constexpr const char* kTwoEvaluations =
    "{\"step\":0,\"loss\":4}\n"
    "{\"step\":1,\"loss\":4,\"valid_loss\":2.25,\"valid_accuracy\":0.5,\"valid_list\":[1]}\n"
    "{\"step\":2,\"loss\":4}\n"
    "{\"step\":3,\"loss\":4,\"valid_loss\":3.125,\"valid_accuracy\":0.75}\n";

TEST_F(EvaluationsTest, TheBestStepIsWhatCameOfTheRun) {
  const Evaluations known =
      read(kTwoEvaluations, R"({"best_step":2,"before":{"valid_loss":10.5,"valid_accuracy":0.125}})");
  ASSERT_TRUE(known.best && known.last);
  EXPECT_EQ(known.best->step, 2);
  EXPECT_EQ(known.last->step, 4);
  EXPECT_EQ(known.best->figures, Json::object({{"valid_loss", 2.25}, {"valid_accuracy", 0.5}}));
  EXPECT_EQ(changes_text(known),
            "held out, before -> after 2 steps\n"
            "  loss       10.5 -> 2.25\n"
            "  accuracy  0.125 -> 0.5\n");
}

TEST_F(EvaluationsTest, WithoutABestStepTheLastOneCounts) {
  const Evaluations known = read(kTwoEvaluations, R"({"before":{"valid_loss":4}})");
  EXPECT_FALSE(known.best);
  EXPECT_EQ(changes_text(known), "held out, before -> after 4 steps\n  loss  4 -> 3.125\n");
}

TEST_F(EvaluationsTest, NothingIsSaidWithoutAnEvaluationBefore) {
  const Evaluations known = read(kTwoEvaluations, R"({"best_step":2})");
  EXPECT_EQ(changes_text(known), "");
  EXPECT_EQ(to_json(known), Json::object());
}

TEST_F(EvaluationsTest, DamageIsPassedOver) {
  const char* before =
      R"({"best_step":"x","before":{"valid_loss":null,"valid_accuracy":0.5,"other":3,"valid_text":"y"}})";
  EXPECT_EQ(read("", before).before->figures, Json::object({{"valid_accuracy", 0.5}}));
  EXPECT_FALSE(read("", before).last);
  const Evaluations known = read(
      "{\"valid_loss\":1}\n{valid_\n[\"valid_\"]\n{\"step\":-1,\"valid_loss\":1}\n"
      "{\"step\":7,\"valid_accuracy\":0.25}\n{\"step\":8,\"valid_acc",
      before);
  ASSERT_TRUE(known.last);
  EXPECT_EQ(known.last->step, 8);
  for (const char* facts : {"3", "[1]", R"({"before":[1]})", R"({"before":3})", R"({"before":{}})"})
    EXPECT_FALSE(read("", facts).before) << facts;
  EXPECT_FALSE(read_evaluations(folder_ / "nowhere", Json::object()).last);
}

TEST_F(EvaluationsTest, NamesCannotSteerATerminal) {
  const std::string text =
      changes_text(read("{\"step\":0,\"valid_\\u001b[2J\":1}\n", "{\"before\":{\"valid_\\u001b[2J\":2}}"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("2 -> 1"), std::string::npos) << text;
}

}  // namespace
}  // namespace malmoi::app
