// Models with another number of rows for their tokens.
#include "model/vocabulary_size.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "model/load.h"
#include "model/save.h"
#include "model/weight_rows.h"

namespace malmoi::model {
namespace {

using testing::HasSubstr;

std::unique_ptr<Model> model_to_resize(const std::string& name) {
  auto model = load_model(Path(MALMOI_TEST_DATA) / "models" / name, {});
  EXPECT_TRUE(model.ok()) << model.error().to_string();
  return std::move(*model);
}

std::vector<std::vector<float>> rows_of_words(const Model& model) {
  const autograd::Weight& weight = **model.head->weight;
  Tensor rows = Tensor::zeros(DType::kF32, {weight.out_features(), weight.in_features()});
  write_rows(weight, rows);
  std::vector<std::vector<float>> list;
  for (int64_t r = 0; r < weight.out_features(); ++r) {
    const float* row = rows.as<float>() + r * weight.in_features();
    list.emplace_back(row, row + weight.in_features());
  }
  return list;
}

TEST(ResizedVocabulary, HasNewRowsOfOldOnes) {
  for (const char* name : {"llama-gqa-rope3", "qwen2"}) {
    SCOPED_TRACE(name);
    auto model = model_to_resize(name);
    const auto before = rows_of_words(*model);
    const auto size = static_cast<int64_t>(before.size());
    const Status done = resize_vocabulary(*model, {size + 2, size, {{3}, {3, 5}}}, true, "here");
    ASSERT_TRUE(done.ok()) << done.error().to_string();
    EXPECT_EQ(model->vocab_size(), size + 2);
    EXPECT_EQ(model->config()["vocab_size"], size + 2);
    const auto after = rows_of_words(*model);
    ASSERT_EQ(after.size(), before.size() + 2);
    for (size_t r = 0; r < before.size(); ++r) EXPECT_EQ(after[r], before[r]) << r;
    EXPECT_EQ(after[before.size()], before[3]);
    for (size_t c = 0; c < before[0].size(); ++c)
      EXPECT_NEAR(after.back()[c], (before[3][c] + before[5][c]) / 2, 1e-6) << c;
    const Path folder = test_folder("resized");
    ASSERT_TRUE(save_model(*model, folder).ok());
    auto again = load_model(folder, {});
    ASSERT_TRUE(again.ok()) << again.error().to_string();
    EXPECT_EQ(rows_of_words(**again), after);
  }
}

TEST(ResizedVocabulary, MayHaveFewerRowsAndNoValues) {
  auto model = model_to_resize("llama-gqa-rope3");
  const auto before = rows_of_words(*model);
  ASSERT_TRUE(resize_vocabulary(*model, {7, 0, {}}, true, "here").ok());
  const auto after = rows_of_words(*model);
  ASSERT_EQ(after.size(), 7u);
  for (size_t r = 0; r < after.size(); ++r) EXPECT_EQ(after[r], before[r]);
  auto described = load_config(Path(MALMOI_TEST_DATA) / "models" / "llama-gqa-rope3");
  ASSERT_TRUE(described.ok());
  ASSERT_TRUE(resize_vocabulary(**described, {99, 0, {}}, false, "here").ok());
  EXPECT_EQ((*described)->outputs(), 99);
}

TEST(ResizedVocabulary, WhatCannotGrowIsNamed) {
  const auto refused = [](const std::string& name, const Vocabulary& vocabulary) {
    const Status done = resize_vocabulary(*model_to_resize(name), vocabulary, true, "adapter.new_tokens");
    return done.ok() ? std::string("accepted") : done.error().to_string();
  };
  EXPECT_THAT(refused("t5", {500, 0, {}}), HasSubstr("several tables"));
  EXPECT_THAT(refused("gptj", {500, 0, {}}), HasSubstr("has a bias"));
  EXPECT_THAT(refused("bert", {500, 0, {}}), HasSubstr("vocab extend"));
  EXPECT_THAT(refused("llama-gqa-rope3", {500, 499, {{100000}}}), HasSubstr("no rows"));
  EXPECT_EQ(refused("llama-gqa-rope3", {}), "accepted");
}

}  // namespace
}  // namespace malmoi::model
