// Tests of integrated gradients: they add up, and what does not matter has no share.
#include "infer/attribution.h"

#include <gtest/gtest.h>

#include <cmath>

#include "infer/session.h"
#include "infer/tiny_model.h"

namespace malmoi::infer {
namespace {

std::unique_ptr<model::Model> tiny_classifier() {
  return tiny_model_of({{"model_type", "bert"},
                        {"vocab_size", 40},
                        {"hidden_size", 32},
                        {"intermediate_size", 64},
                        {"num_hidden_layers", 2},
                        {"num_attention_heads", 4},
                        {"max_position_embeddings", 32},
                        {"initializer_range", 0.3}},
                       11, {.task = model::Task::kClassification});
}

const std::vector<int32_t> kIds{2, 10, 11, 12, 13, 3};
const std::vector<bool> kIsText{false, true, true, true, true, false};

TEST(Attribution, SharesAddUpToWhatTheTextGains) {
  auto model = tiny_classifier();
  auto coarse = attribute(*model, kIds, {}, kIsText, {.label = 1, .baseline = 4, .steps = 8, .most_steps = 8});
  auto fine = attribute(*model, kIds, {}, kIsText, {.label = 1, .baseline = 4, .steps = 256, .most_steps = 256});
  ASSERT_TRUE(coarse.ok() && fine.ok());
  EXPECT_GT(std::abs(fine->difference), 0.01);
  EXPECT_NEAR(coarse->difference, fine->difference, 1e-6);
  EXPECT_LT(fine->gap, 0.01 * std::abs(fine->difference) + 1e-4);
  EXPECT_EQ(fine->shares.front(), 0) << "marks around a text";
  EXPECT_EQ(fine->shares.back(), 0);
}

TEST(Attribution, ATextOfBaselinesHasNoShares) {
  auto model = tiny_classifier();
  auto nothing = attribute(*model, std::vector<int32_t>{2, 4, 4, 3}, {}, {false, true, true, false},
                           {.label = 0, .baseline = 4, .steps = 4});
  ASSERT_TRUE(nothing.ok());
  EXPECT_NEAR(nothing->difference, 0, 1e-6);
  for (double share : nothing->shares) EXPECT_EQ(share, 0);
}

TEST(Attribution, LeavesTheModelAsItWas) {
  auto model = tiny_classifier();
  auto session = Session::create(*model, {.row_invariant = false});
  auto logits = [&] {
    (*session)->add({.ids = kIds}, 1);
    auto made = (*session)->logits();
    return std::vector<float>(made->begin(), made->end());
  };
  const std::vector<float> before = logits();
  ASSERT_TRUE(attribute(*model, kIds, {}, kIsText, {.label = 1, .baseline = 4}).ok());
  EXPECT_EQ(logits(), before);
  auto writer = tiny_model();
  EXPECT_FALSE(attribute(*writer, kIds, {}, kIsText, {}).ok()) << "it gives no labels";
}

}  // namespace
}  // namespace malmoi::infer
