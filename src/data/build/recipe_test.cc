#include "data/build/recipe.h"

#include <gtest/gtest.h>

#include "data/build/mix.h"
#include "data/build/processor.h"

namespace malmoi::data {
namespace {

TEST(Mixing, WeightsEpochsAndTemperature) {
  Recipe recipe = default_recipe({"a", "b"}, "out");
  EXPECT_EQ(mixing_factors(recipe, {100, 300}), (std::vector<double>{1, 1}));
  recipe.sources[0].epochs = 2.5;
  EXPECT_EQ(mixing_factors(recipe, {100, 300}), (std::vector<double>{2.5, 1}));
  recipe.sources[0].weight = 1,
  recipe.sources[1].weight = 1;  // equal shares; b would be cut to what 2.5 epochs of a allow
  std::vector<double> factors = mixing_factors(recipe, {100, 300});
  EXPECT_DOUBLE_EQ(factors[0] * 100, factors[1] * 300);
  EXPECT_DOUBLE_EQ(factors[0], 2.5);
  Recipe warm = default_recipe({"a", "b"}, "out");
  warm.temperature = 2;
  std::vector<double> shares = mixing_factors(warm, {100, 400});
  EXPECT_NEAR(shares[1] * 400 / (shares[0] * 100), 2, 1e-9);
}

TEST(Splitting, GroupsStayTogether) {
  Recipe recipe;
  recipe.valid_fraction = 0.2;
  recipe.test_fraction = 0.1;
  int counts[3] = {};
  for (uint64_t g = 0; g < 10000; ++g) ++counts[split_of(recipe, g * 0x9E3779B97F4A7C15ull)];
  EXPECT_NEAR(counts[1], 2000, 200);
  EXPECT_NEAR(counts[2], 1000, 150);
}

TEST(Splitting, ByLanguageOfParagraphs) {
  auto pieces = split_by_language(
      "한국어로 쓴 문단이 여기에 하나 있습니다. 꽤 길게 썼습니다.\n\nAn English paragraph stands here, and it is a "
      "long one too.\n\n12345\n\n다시 한국어 문단이 나옵니다. 역시 짧지 않습니다.");
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].first, "ko");
  EXPECT_EQ(pieces[1].first, "en");
  EXPECT_EQ(pieces[1].second, "An English paragraph stands here, and it is a long one too.\n\n12345");
  EXPECT_EQ(split_by_language("한국어 문단입니다. 길게 이어지는 글입니다. 조금 더 씁니다.\n\nOK").size(), 1u);
  // A block of code is one, whatever fences and empty lines it holds.
  EXPECT_EQ(
      split_by_language("한국어로 쓴 문단이 여기에 하나 있습니다. 꽤 길게 썼습니다.\n\n````\n```\nx\n```\n\nAn English "
                        "comment stands here, and it is a long one too.\n````")
          .size(),
      1u);
}

TEST(Recipe, SizesAndSettings) {
  EXPECT_EQ(*parse_bytes("1GiB", ""), 1ull << 30);
  EXPECT_EQ(*parse_bytes("1.5 MB", ""), 1500000u);
  EXPECT_FALSE(parse_bytes("many", "").ok());
  auto document = parse_config(R"(
schema_version: 1
sources:
  - {name: ko, paths: [a, b], weight: 2, license: MPL-2.0, format: html}
  - c.jsonl
filters: [gopher_quality, {c4: {min_sentences: 3}}]
dedup: {near: {threshold: 0.8}, paragraphs: false, substring: true}
pii: {action: remove, types: [EMAIL]}
split: {valid: 0.1, group: host}
order: {curriculum: length}
output: {shard_bytes: 1MiB}
limits: {pdf_seconds: 5}
out: x
)",
                               "r.yaml");
  ASSERT_TRUE(document.ok());
  auto recipe = parse_recipe(*document);
  ASSERT_TRUE(recipe.ok()) << recipe.error().to_string();
  EXPECT_EQ(recipe->sources[0].reader.format, "html");
  EXPECT_EQ(recipe->sources[1].name, "c.jsonl");
  EXPECT_EQ(recipe->filters[1].settings["min_sentences"], 3);
  EXPECT_DOUBLE_EQ(recipe->near.threshold, 0.8);
  EXPECT_FALSE(recipe->paragraphs.on);
  EXPECT_TRUE(recipe->substring.on);
  EXPECT_EQ(recipe->group, GroupBy::kHost);
  EXPECT_EQ(recipe->shard_bytes, 1u << 20);
  EXPECT_EQ(recipe->sources[1].reader.limits.pdf_seconds, 5);
}

}  // namespace
}  // namespace malmoi::data
