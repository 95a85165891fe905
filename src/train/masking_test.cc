// Tests of masked sequences: what is hidden, how often, and that it follows from the example's number.
#include "train/masking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/test_words.h"

namespace malmoi::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int32_t kMask = 4;

// The same documents as every example.
class Fixed final : public ExampleSource {
 public:
  explicit Fixed(std::vector<std::vector<int32_t>> documents) : documents_(std::move(documents)) {}
  uint64_t size() const override { return 1; }
  uint64_t tokens() const override { return 1; }
  void append(uint64_t, Examples& out) const override {
    for (const auto& document : documents_) {
      out.input.add(document);
      out.targets.insert(out.targets.end(), document.begin(), document.end());
    }
  }

 private:
  std::vector<std::vector<int32_t>> documents_;
};

std::unique_ptr<ExampleSource> masked(std::vector<std::vector<int32_t>> documents, const MaskingConfig& config,
                                      int64_t room = 100'000) {
  const auto tokenizer = words_tokenizer();
  auto made = mask_tokens(std::make_unique<Fixed>(std::move(documents)), token_rules(&tokenizer, 64), config, 5, room);
  EXPECT_TRUE(made.ok()) << made.error().to_string();
  return std::move(*made);
}

Examples example(const ExampleSource& source, uint64_t n) {
  Examples out;
  source.append(n, out);
  return out;
}

TEST(Masking, SharesAreThoseAskedFor) {
  const std::vector<int32_t> document(20'000, 5);
  const Examples out = example(*masked({document}, {.rate = 0.15}), 0);
  const auto ids = out.input.batch().ids;
  ASSERT_EQ(ids.size(), document.size() + 2) << "[CLS] before, [SEP] behind";
  ASSERT_EQ(out.targets.size(), ids.size());
  double hidden = 0, as_mask = 0, same = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (out.targets[i] < 0) continue;
    EXPECT_EQ(out.targets[i], 5);
    hidden += 1;
    as_mask += ids[i] == kMask;
    same += ids[i] == 5;
  }
  EXPECT_NEAR(hidden / 20'000, 0.15, 0.01);
  EXPECT_NEAR(as_mask / hidden, 0.8, 0.03);
  EXPECT_NEAR(same / hidden, 0.1, 0.03);
  EXPECT_EQ(out.targets.front(), -100) << "what surrounds a text is never hidden";
  EXPECT_EQ(out.targets.back(), -100);
}

TEST(Masking, FollowsFromTheNumberAlone) {
  auto source = masked({std::vector<int32_t>(200, 7)}, {});
  const Examples first = example(*source, 3), again = example(*source, 3), other = example(*source, 4);
  EXPECT_EQ(first.targets, again.targets);
  EXPECT_THAT(std::vector<int32_t>(first.input.batch().ids.begin(), first.input.batch().ids.end()),
              testing::ElementsAreArray(again.input.batch().ids));
  EXPECT_NE(first.targets, other.targets);
}

TEST(Masking, WholeWordsAreHiddenTogether) {
  std::vector<int32_t> document;
  for (int i = 0; i < 500; ++i) document.insert(document.end(), {8, 9, 5, 8, 10, 11});  // play ##ing good play ##er ##s
  const Examples out = example(*masked({document}, {.rate = 0.3, .whole_words = true}), 0);
  int words = 0;
  for (size_t i = 1; i + 6 < out.targets.size(); i += 6) {
    EXPECT_EQ(out.targets[i] < 0, out.targets[i + 1] < 0);
    EXPECT_EQ(out.targets[i + 3] < 0, out.targets[i + 4] < 0);
    EXPECT_EQ(out.targets[i + 4] < 0, out.targets[i + 5] < 0);
    words += out.targets[i] >= 0;
  }
  EXPECT_GT(words, 100);
}

TEST(Masking, SurroundsEachDocumentOnceAndKeepsItsRoom) {
  const MaskingConfig none{.rate = 0.001};
  const Examples two = example(*masked({{2, 5, 7, 3}, {6, 8}}, none), 1);
  EXPECT_THAT(std::vector<int32_t>(two.input.batch().ids.begin(), two.input.batch().ids.end()),
              ElementsAre(2, 5, 7, 3, 2, 6, 8, 3));
  EXPECT_EQ(two.input.batch().runs.size(), 2u);
  const Examples cut = example(*masked({{5, 7}, {6, 8}, {5}}, none, 7), 1);
  EXPECT_THAT(std::vector<int32_t>(cut.input.batch().ids.begin(), cut.input.batch().ids.end()),
              ElementsAre(2, 5, 7, 3, 2, 6, 3));
  const Examples full = example(*masked({{2, 5, 7, 3}}, none, 4), 1);
  EXPECT_THAT(std::vector<int32_t>(full.input.batch().ids.begin(), full.input.batch().ids.end()),
              ElementsAre(2, 5, 7, 3))
      << "marks that stand already take no room twice";
}

TEST(Masking, AVocabularyWithoutAMaskIsRefused) {
  auto made =
      mask_tokens(std::make_unique<Fixed>(std::vector<std::vector<int32_t>>{{1}}), token_rules(nullptr, 8), {}, 1, 8);
  EXPECT_THAT(made.error().to_string(), HasSubstr("no mask token"));
}

}  // namespace
}  // namespace malmoi::train
