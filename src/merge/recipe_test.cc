// Tests of merge recipes: what is read, and what is refused by name.
#include "merge/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace malmoi::merge {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<Recipe> read(const std::string& yaml, std::vector<std::string>* warnings = nullptr) {
  auto document = parse_config(yaml, "recipe.yaml");
  if (!document.ok()) return document.error();
  return read_recipe(*document, [&](const std::string& line) {
    if (warnings) warnings->push_back(line);
  });
}

std::string refusal(const std::string& yaml) {
  const auto recipe = read(yaml);
  return recipe.ok() ? "accepted" : recipe.error().to_string();
}

TEST(MergeRecipe, ReadsModelsWithTheBaseAmongThem) {
  std::vector<std::string> warnings;
  const auto recipe = read(R"(
merge_method: ties
base_model: models/base
models:
  - model: models/one
    parameters: {weight: 0.5, density: [1, 0.5, 0.25]}
  - model: models/two
    parameters:
      weight:
        - {filter: mlp, value: [0, 1]}
        - {value: 0.75}
parameters: {normalize: false, int8_mask: true, t: 1}
dtype: float32
out_dtype: bfloat16
)",
                           &warnings);
  ASSERT_TRUE(recipe.ok()) << recipe.error().to_string();
  EXPECT_EQ(recipe->method, find_method("ties"));
  EXPECT_THAT(recipe->models(), ElementsAre("models/base", "models/one", "models/two"));
  ASSERT_EQ(recipe->slices.size(), 1u);
  const auto& sources = recipe->slices[0].sources;
  ASSERT_EQ(sources.size(), 3u);
  EXPECT_EQ(sources[2].model, "models/base");
  EXPECT_EQ(recipe->dtype, DType::kF32);
  EXPECT_EQ(recipe->out_dtype, DType::kBF16);
  EXPECT_DOUBLE_EQ(*sources[0].settings.at("density").value("x", 0.25), 0.75);
  EXPECT_DOUBLE_EQ(*sources[1].settings.at("weight").value("layers.0.mlp.up", 0.25), 0.25);
  EXPECT_DOUBLE_EQ(*sources[1].settings.at("weight").value("layers.0.attn", 0.25), 0.75);
  EXPECT_DOUBLE_EQ(*recipe->settings.at("normalize").value("x", 0), 0);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("int8_mask"), HasSubstr("'t' is not one that ties reads")));
}

TEST(MergeRecipe, ReadsSlices) {
  const auto recipe = read(R"(
merge_method: passthrough
slices:
  - sources: [{model: a, layer_range: [0, 8]}]
  - sources: [{model: b, layer_range: [4, 12], parameters: {scale: [{filter: o_proj, value: 0}]}}]
)");
  ASSERT_TRUE(recipe.ok()) << recipe.error().to_string();
  ASSERT_EQ(recipe->slices.size(), 2u);
  EXPECT_EQ(recipe->slices[1].sources[0].layers, std::pair(int64_t{4}, int64_t{12}));
  EXPECT_FALSE(recipe->slices[1].sources[0].settings.at("scale").value("q_proj", 0).has_value());
}

TEST(MergeRecipe, AListIsStraightBetweenItsNumbers) {
  EXPECT_DOUBLE_EQ(at_depth({0, 0.5, 0.3, 0.7, 1}, 0), 0);
  EXPECT_DOUBLE_EQ(at_depth({0, 0.5, 0.3, 0.7, 1}, 1), 1);
  EXPECT_DOUBLE_EQ(at_depth({0, 0.5, 0.3, 0.7, 1}, 0.375), 0.4);
  EXPECT_DOUBLE_EQ(at_depth({0.25}, 0.7), 0.25);
}

TEST(MergeRecipe, RefusesByName) {
  const std::string models = "\nmodels: [{model: a, parameters: {weight: 1}}]";
  EXPECT_THAT(refusal("models: [{model: a}]"), HasSubstr("no method is named"));
  EXPECT_THAT(refusal("merge_method: tise" + models), HasSubstr("did you mean 'ties'?"));
  EXPECT_THAT(refusal("merge_method: linear\nmodel: a" + models), HasSubstr("unknown key 'model'"));
  EXPECT_THAT(refusal("merge_method: linear"), HasSubstr("exactly one of models and slices"));
  EXPECT_THAT(refusal("merge_method: linear\nmodules: {default: {}}"), HasSubstr("'modules'"));
  EXPECT_THAT(refusal("merge_method: linear\nmodels: [{model: a, layer_range: [0, 1]}]"), HasSubstr("layer_range"));
  EXPECT_THAT(refusal("merge_method: linear\nmodels: [{parameters: {weight: 1}}]"), HasSubstr("is missing"));
  EXPECT_THAT(refusal("merge_method: linear\nmodels: [{model: a}, {model: a}]"), HasSubstr("stands twice"));
  EXPECT_THAT(refusal("merge_method: linear\nmodels: [{model: a+b}]"), HasSubstr("malmoi adapter merge"));
  EXPECT_THAT(refusal("merge_method: linear\nmodels: [{model: a, parameters: {wieght: 1}}]"),
              HasSubstr("did you mean 'weight'?"));
  EXPECT_THAT(refusal("merge_method: linear\nmodels: [{model: a, parameters: {weight: much}}]"),
              HasSubstr("a number, a list of numbers"));
  EXPECT_THAT(refusal("merge_method: linear\nmodels: [{model: a, parameters: {weight: []}}]"),
              HasSubstr("a number, a list of numbers"));
  EXPECT_THAT(refusal("merge_method: linear\ndtype: int64" + models), HasSubstr("'int64' is not known"));
  EXPECT_THAT(refusal("merge_method: linear\ntokenizer: {source: union}" + models), HasSubstr("union"));
  EXPECT_THAT(refusal("merge_method: linear\ntokenizer: {source: base, tokens: {a: {source: b}}}" + models),
              HasSubstr("tokens"));
  EXPECT_THAT(refusal("merge_method: linear\nslices: [{sources: [{model: a, layer_range: [2, 1]}]}]"),
              HasSubstr("layer_range"));
  EXPECT_THAT(
      refusal("merge_method: linear\nslices: [{residual_weight: 1, sources: [{model: a, layer_range: [0, 1]}]}]"),
      HasSubstr("residual"));
}

}  // namespace
}  // namespace malmoi::merge
