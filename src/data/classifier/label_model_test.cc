// Tests of the baseline of labels by letters.
#include "data/classifier/label_model.h"

#include <gtest/gtest.h>

#include <cmath>

namespace malmoi::data {
namespace {

TEST(LabelModel, LearnsWhatLettersTell) {
  std::vector<std::string> texts;
  std::vector<int32_t> labels;
  const char* kWords[] = {"좋았어요", "별로예요", "그저 그래요"};
  for (int i = 0; i < 90; ++i) {
    texts.push_back("영화 " + std::to_string(i) + " " + kWords[i % 3]);
    labels.push_back(i % 3);
  }
  auto model = LabelModel::train(texts, labels, 3, {.bits = 14});
  ASSERT_TRUE(model.ok()) << model.error().to_string();
  const std::vector<double> p = model->probabilities("정말 좋았어요");
  EXPECT_GT(p[0], 0.6);
  EXPECT_NEAR(p[0] + p[1] + p[2], 1, 1e-9);
  EXPECT_GT(model->probabilities("별로예요!")[1], 0.6);
  auto again = LabelModel::train(texts, labels, 3, {.bits = 14});
  EXPECT_EQ(again->probabilities("영화"), model->probabilities("영화")) << "one seed, one model";
  EXPECT_FALSE(LabelModel::train(texts, labels, 1).ok());
  for (double one : model->probabilities("")) EXPECT_TRUE(std::isfinite(one));
}

}  // namespace
}  // namespace malmoi::data
