// The reward that asks a model, with one that stands for it: what it is given, and what happens without one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reward/model_judge.h"
#include "reward/test_reward.h"

namespace malmoi::reward {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Says how many characters an answer has, and fails those without one.
class LengthJudge final : public ModelJudge {
 public:
  Result<RewardResult> judge(std::span<const RewardInput> batch, const StopToken&) override {
    RewardResult result;
    for (const RewardInput& input : batch) {
      if (input.completion.empty()) result.push_back(failed_judgement("nothing is said"));
      else result.push_back({.reward = static_cast<double>(input.completion.size())});
    }
    return result;
  }
};

TEST(ModelReward, JudgesByTheModelThatIsOpenedForItsOptions) {
  auto set = read_rewards_of("[{type: model, model: judges/a, batch_size: 3, dtype: f32, after: '#', weight: 2}]");
  ASSERT_TRUE(set.ok()) << set.error().to_string();
  JudgeOptions asked;
  ASSERT_TRUE(set->open_models([&](const JudgeOptions& options) -> Result<std::unique_ptr<ModelJudge>> {
                   asked = options;
                   return std::unique_ptr<ModelJudge>(std::make_unique<LengthJudge>());
                 })
                  .ok());
  EXPECT_EQ(asked.model, "judges/a");
  EXPECT_EQ(asked.chat_template, "auto");
  EXPECT_EQ(asked.batch_size, 3);
  EXPECT_FALSE(asked.halves);
  ASSERT_TRUE(set->begin().ok());
  const Json row = {{"prompt", "q"}};
  const auto judged = set->judge(std::vector<RewardInput>{{"q", "so # abc", row}, {"q", "so", row}},
                                 {.warn = [](const std::string&) {}});
  ASSERT_TRUE(judged.ok()) << judged.error().to_string();
  EXPECT_THAT(judged->totals, ElementsAre(8, 0)) << "what follows the mark alone";
  EXPECT_THAT(judged->parts[0].failures, ElementsAre("", "nothing is said"));
  EXPECT_TRUE(set->check_row(row).ok());
  EXPECT_THAT(set->check_row({{"text", "q"}}).error().to_string(), HasSubstr("column 'prompt' is not there"));
}

TEST(ModelReward, IsRefusedWhereItsModelIs) {
  EXPECT_THAT(error_of_rewards("[{type: model}]"), HasSubstr("no model is named"));
  EXPECT_THAT(error_of_rewards("[{type: model, model: m, dtype: f64}]"), HasSubstr("rewards[0].dtype"));
  auto set = read_rewards_of("[{type: length, most: 3}, {type: model, model: m, name: liked}]");
  ASSERT_TRUE(set.ok()) << set.error().to_string();
  const Status refused = set->open_models([](const JudgeOptions& options) -> Result<std::unique_ptr<ModelJudge>> {
    return not_found("is not there", options.model, "train one");
  });
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), testing::AllOf(HasSubstr("reward liked: m"), HasSubstr("is not there")));
  EXPECT_FALSE(set->begin().ok()) << "nothing judges without a model";
}

}  // namespace
}  // namespace malmoi::reward
