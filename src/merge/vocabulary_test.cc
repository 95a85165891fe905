// Tests of merges of models whose tokenizers differ: rows go by their tokens.
#include "merge/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "merge/merge.h"
#include "model/load.h"
#include "model/stored_values.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::merge {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;

Ingredients tables(std::vector<std::vector<float>> values, int64_t width) {
  Ingredients all;
  all.name = "model.embed_tokens.weight";
  all.shape = {static_cast<int64_t>(values[0].size()) / width, width};
  for (auto& table : values) all.inputs.push_back({.values = std::move(table)});
  return all;
}

TEST(MergeVocabulary, RowsGoByTheirTokens) {
  Ingredients all = tables({{1, 1, 2, 2, 3, 3}, {10, 10, 20, 20}}, 2);
  all.base = 0;
  const Vocabulary vocabulary{.tokens = 3, .rows = 4, .from = {{0, 1, 2}, {1, -1, 0}}};
  const std::vector<size_t> models = {0, 1};
  reorder_rows(all, models, vocabulary);
  EXPECT_THAT(all.inputs[0].values, ElementsAre(1, 1, 2, 2, 3, 3, 2, 2));
  const float mean = 32.0f / 3;
  EXPECT_THAT(all.inputs[1].values, ElementsAre(20, 20, 2, 2, 10, 10, FloatNear(mean, 1e-5f), FloatNear(mean, 1e-5f)));
  EXPECT_THAT(all.shape, ElementsAre(4, 2));
}

TEST(MergeVocabulary, WithoutABaseTheMeanOfThoseThatHaveIt) {
  Ingredients all = tables({{1}, {10, 20}, {30, 60}}, 1);
  const Vocabulary vocabulary{.tokens = 3, .rows = 3, .from = {{0, -1, -1}, {0, 1, -1}, {0, 1, -1}}};
  const std::vector<size_t> models = {0, 1, 2};
  reorder_rows(all, models, vocabulary);
  EXPECT_THAT(all.inputs[0].values, ElementsAre(1, 40, 0));
  EXPECT_THAT(all.inputs[1].values, ElementsAre(10, 20, 0));
}

class OtherTokens : public testing::Test {
 protected:
  // The fixture with a tokenizer of these characters, whose ids follow their code points.
  static Path model_with(const std::string& name, const std::string& characters) {
    const Path folder = test_folder(name), from = Path(MALMOI_TEST_DATA) / "models" / "mistral";
    for (const char* file : {"config.json", "model.safetensors"})
      std::filesystem::copy_file(from / file, folder / file);
    auto tokenizer = tokenizer::Tokenizer::characters(characters);
    EXPECT_TRUE(tokenizer.ok() && tokenizer->save(folder).ok());
    return folder;
  }
  static std::vector<float> words(const Path& folder) {
    auto weights = formats::open_weights(folder);
    EXPECT_TRUE(weights.ok());
    return *model::stored_values(*(*weights)->find("model.embed_tokens.weight"), "");
  }
};

TEST_F(OtherTokens, AreMatchedWhereTheRecipeAsksForIt) {
  const std::vector<Path> folders = {model_with("abc", "abc"), model_with("bcd", "bcd")};
  auto merged_by = [&](const std::string& yaml, const Path& out, std::vector<std::string>& warnings) {
    Job job;
    job.warn = [&](const std::string& line) { warnings.push_back(line); };
    auto recipe = read_recipe(*parse_config(yaml, "recipe.yaml"), {});
    EXPECT_TRUE(recipe.ok());
    return merge_models(*recipe, folders, out, 1, job);
  };
  const std::string plain = "merge_method: linear\nmodels: [{model: a}, {model: b}]\nparameters: {weight: 1}\n";
  std::vector<std::string> warnings;
  const Path same = test_folder("same_ids"), matched = test_folder("matched");
  ASSERT_TRUE(merged_by(plain, same, warnings).ok());
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("3 tokens of it are others")));
  warnings.clear();
  const auto report = merged_by(plain + "tokenizer: {source: base, pad_to_multiple_of: 4}\n", matched, warnings);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_TRUE(warnings.empty());
  EXPECT_EQ(report->vocab_size, 4);
  const std::vector<float> before = words(folders[0]), after = words(matched);
  const size_t width = before.size() / 160;
  ASSERT_EQ(after.size(), 4 * width);
  for (size_t c = 0; c < width; ++c) {
    EXPECT_NEAR(after[c], before[c], 1e-6);                                                    // a: of the first alone
    EXPECT_NEAR(after[width + c], (before[width + c] + before[c]) / 2, 1e-6);                  // b: its rows 1 and 0
    EXPECT_NEAR(after[2 * width + c], (before[2 * width + c] + before[width + c]) / 2, 1e-6);  // c: 2 and 1
    EXPECT_NEAR(after[3 * width + c], (after[c] + after[width + c] + after[2 * width + c]) / 3, 1e-6);
  }
  EXPECT_TRUE(model::load_model(matched, {}).ok());
}

}  // namespace
}  // namespace malmoi::merge
