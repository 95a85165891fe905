// Tests of merging methods on numbers that were worked out by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "merge/method.h"
#include "merge/sums.h"

namespace malmoi::merge {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;

// One row of a few values each; the base first, where the method needs one.
Ingredients ingredients(const Method& method, std::vector<std::vector<float>> values,
                        std::vector<double> weights = {}) {
  Ingredients all;
  all.name = "model.layers.0.mlp.up_proj.weight";
  all.shape = {static_cast<int64_t>(values[0].size())};
  all.normalize = method.normalize;
  all.rescale = method.rescale;
  if (method.needs_base) all.base = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    Input input{.values = values[i]};
    if (method.needs_weight) input.weight = i < weights.size() ? weights[i] : 1;
    all.inputs.push_back(std::move(input));
  }
  return all;
}

std::vector<float> merged(const Method& method, Ingredients all) {
  auto result = method.merge(all);
  EXPECT_TRUE(result.ok()) << result.error().to_string();
  return result.ok() ? *result : std::vector<float>();
}

auto near(std::vector<float> values) {
  std::vector<testing::Matcher<float>> all;
  for (float value : values) all.push_back(FloatNear(value, 1e-6f));
  return testing::ElementsAreArray(all);
}

TEST(MergeMethods, EveryNameIsFound) {
  EXPECT_EQ(method_table().size(), 12u);
  for (const Method* method : method_table()) {
    EXPECT_EQ(find_method(method->name), method);
    EXPECT_NE(method->merge, nullptr) << method->name;
    EXPECT_THAT(method_names(), HasSubstr(std::string(method->name)));
  }
  EXPECT_EQ(find_method("tise"), nullptr);
}

TEST(MergeMethods, EveryMethodGivesTheBaseWhereNothingDiffers) {
  for (const Method* method : method_table()) {
    const size_t count = std::min<size_t>(method->most, 3);
    Ingredients all = ingredients(*method, std::vector<std::vector<float>>(count, {0.5f, -1.0f, 2.0f, 0.25f}));
    all.t = 0.3;
    for (Input& input : all.inputs) input.density = 0.5;
    EXPECT_THAT(merged(*method, all), near({0.5f, -1.0f, 2.0f, 0.25f})) << method->name;
  }
}

TEST(MergeMethods, LinearIsAMeanByWeight) {
  const Method& linear = *find_method("linear");
  Ingredients all = ingredients(linear, {{1, 2}, {3, 6}}, {1, 3});
  EXPECT_THAT(merged(linear, all), near({2.5f, 5}));
  all.normalize = false;
  EXPECT_THAT(merged(linear, all), near({10, 20}));
  Ingredients nothing = ingredients(linear, {{1, 2}, {3, 6}}, {1, -1});
  const auto refused = linear.merge(nothing);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), HasSubstr("add up to 0"));
}

TEST(MergeMethods, SlerpGoesAlongTheArc) {
  const Method& slerp = *find_method("slerp");
  Ingredients all = ingredients(slerp, {{1, 0}, {0, 2}});
  all.t = 0.5;
  EXPECT_THAT(merged(slerp, all), near({0.70710678f, 1.41421356f}));
  all.t = 1.0 / 3;
  EXPECT_THAT(merged(slerp, all), near({0.8660254f, 1.0f}));
  all.base = 1;  // from the second to the first
  EXPECT_THAT(merged(slerp, all), near({0.5f, 1.7320508f}));
  Ingredients on_one_line = ingredients(slerp, {{1, 0}, {2, 0.001f}});
  on_one_line.t = 0.25;
  EXPECT_THAT(merged(slerp, on_one_line), near({1.25f, 0.00025f}));
}

TEST(MergeMethods, TaskArithmeticAddsDifferences) {
  const Method& method = *find_method("task_arithmetic");
  Ingredients all = ingredients(method, {{1, 1}, {2, 1}, {1, 3}}, {0, 0.5, 1});
  all.lambda = 2;
  EXPECT_THAT(merged(method, all), near({2, 5}));
  all.normalize = true;  // over 1.5
  EXPECT_THAT(merged(method, all), near({1 + 2 / 3.0f, 1 + 8 / 3.0f}));
}

TEST(MergeMethods, TiesTakesWhatAgreesInSign) {
  const Method& ties = *find_method("ties");
  Ingredients all = ingredients(ties, {{0, 0, 0, 0}, {1, -2, 3, 0.1f}, {-2, -1, 1, 0.2f}});
  for (Input& input : all.inputs) input.density = 0.5;
  EXPECT_THAT(merged(ties, all), near({-2, -1.5f, 3, 0}));
  all.normalize = false;
  EXPECT_THAT(merged(ties, all), near({-2, -3, 3, 0}));
  // A sum of 0 counts as positive.
  Ingredients even = ingredients(ties, {{0}, {-1}, {1}});
  EXPECT_THAT(merged(ties, even), near({1}));
  // Of so few elements one stays, with a density of 0 none.
  Ingredients few = ingredients(ties, {{0, 0, 0, 0}, {1, -2, 3, 0.1f}});
  few.inputs[1].density = 0.1;
  EXPECT_THAT(merged(ties, few), near({0, 0, 3, 0}));
  few.inputs[1].density = 0;
  EXPECT_THAT(merged(ties, few), near({0, 0, 0, 0}));
}

TEST(MergeMethods, BreadcrumbsLeavesBothEndsOut) {
  const Method& method = *find_method("breadcrumbs");
  std::vector<float> rising(10);
  std::iota(rising.begin(), rising.end(), 1.0f);
  Ingredients all = ingredients(method, {std::vector<float>(10, 0.0f), rising});
  all.inputs[1].density = 0.5;
  all.inputs[1].gamma = 0.2;
  EXPECT_THAT(merged(method, all), near({0, 0, 0, 4, 5, 6, 7, 8, 0, 0}));
  all.inputs[1].density = 0.9;  // with two large ones gone, nothing else may go: one of them stays
  EXPECT_THAT(merged(method, all), near({1, 2, 3, 4, 5, 6, 7, 8, 9, 0}));
  all.inputs[1].gamma = 0.01;  // of ten no large one
  EXPECT_THAT(merged(method, all), near({0, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST(MergeMethods, DareDropsAtRandomAndKeepsTheNorm) {
  const Method& method = *find_method("dare_linear");
  constexpr size_t kElements = 20000;
  Ingredients all = ingredients(method, {std::vector<float>(kElements, 0.0f), std::vector<float>(kElements, 1.0f)});
  all.inputs[1].density = 0.25;
  const std::vector<float> first = merged(method, all);
  const auto kept = static_cast<double>(std::ranges::count_if(first, [](float x) { return x != 0; }));
  EXPECT_NEAR(kept / kElements, 0.25, 0.015);
  EXPECT_NEAR(l1_norm(first), kElements, 0.5);
  EXPECT_EQ(merged(method, all), first);  // the same seed
  all.seed = 2;
  EXPECT_NE(merged(method, all), first);
  all.rescale = false;
  const std::vector<float> plain = merged(method, all);
  EXPECT_TRUE(std::ranges::all_of(plain, [](float x) { return x == 0 || x == 1; }));
  all.name = "another.tensor";
  EXPECT_NE(merged(method, all), plain);
}

TEST(MergeMethods, DellaDropsSmallOnesMoreOften) {
  const Method& method = *find_method("della_linear");
  constexpr size_t kElements = 20000;
  std::vector<float> rising(kElements);
  std::iota(rising.begin(), rising.end(), 1.0f);
  Ingredients all = ingredients(method, {std::vector<float>(kElements, 0.0f), rising});
  all.rescale = false;
  all.inputs[1].density = 0.5;
  all.inputs[1].epsilon = 0.4;
  const std::vector<float> left = merged(method, all);
  auto kept = [&](size_t begin, size_t end) {
    return static_cast<double>(std::count_if(left.begin() + static_cast<std::ptrdiff_t>(begin),
                                             left.begin() + static_cast<std::ptrdiff_t>(end),
                                             [](float x) { return x != 0; })) /
           static_cast<double>(end - begin);
  };
  EXPECT_NEAR(kept(0, kElements), 0.5, 0.015);
  EXPECT_NEAR(kept(0, kElements / 10), 0.1 + 0.04, 0.03);  // chances rise from 0.1 to 0.9
  EXPECT_NEAR(kept(kElements / 10 * 9, kElements), 0.9 - 0.04, 0.03);
  all.inputs[1].epsilon = 0.5;
  const auto refused = method.merge(all);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), HasSubstr("epsilon"));
}

TEST(MergeMethods, DellaRanksEachRowByItself) {
  const Method& method = *find_method("della_linear");
  constexpr int64_t kRows = 2000;
  Ingredients all = ingredients(method, {std::vector<float>(2 * kRows, 0.0f), std::vector<float>(2 * kRows)});
  all.shape = {kRows, 2};
  for (size_t r = 0; r < kRows;
       ++r) {  // the first of a row is the larger, and all of later rows larger than those before
    all.inputs[1].values[2 * r] = static_cast<float>(r) + 2;
    all.inputs[1].values[2 * r + 1] = static_cast<float>(r) + 1;
  }
  all.rescale = false;
  all.inputs[1].density = 0.5;
  all.inputs[1].epsilon = 0.4;
  const std::vector<float> left = merged(method, all);
  double first = 0, second = 0;
  for (size_t r = 0; r < kRows; ++r) {
    first += left[2 * r] != 0 ? 1 : 0;
    second += left[2 * r + 1] != 0 ? 1 : 0;
  }
  EXPECT_NEAR(first / kRows, 0.9, 0.03);
  EXPECT_NEAR(second / kRows, 0.1, 0.03);
}

TEST(MergeMethods, ModelStockGoesAsFarAsTheAngleSays) {
  const Method& method = *find_method("model_stock");
  EXPECT_THAT(merged(method, ingredients(method, {{0, 0}, {1, 0}, {0, 1}})), near({0, 0}));
  EXPECT_THAT(merged(method, ingredients(method, {{0, 0}, {1, 0}, {1, 1}})), near({0.82842712f, 0.41421356f}));
  EXPECT_THAT(merged(method, ingredients(method, {{2, 1}, {3, 1}, {0, 1}})), near({2, 1}));  // opposite ways
  Ingredients rows = ingredients(method, {{0, 0, 0, 0}, {1, 0, 1, 0}, {0, 1, 1, 1}});
  rows.shape = {2, 2};
  rows.filter_wise = true;
  EXPECT_THAT(merged(method, rows), near({0, 0, 0.82842712f, 0.41421356f}));
}

TEST(MergeMethods, PassthroughScales) {
  const Method& method = *find_method("passthrough");
  Ingredients all = ingredients(method, {{1, -2}});
  EXPECT_THAT(merged(method, all), ElementsAre(1, -2));
  all.inputs[0].scale = 0.5;
  EXPECT_THAT(merged(method, all), ElementsAre(0.5f, -1));
}

}  // namespace
}  // namespace malmoi::merge
