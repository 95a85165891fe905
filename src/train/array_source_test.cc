// Tests of rows made ready: padding, labels, the decoder's input, and files that do not fit.
#include "train/array_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/test_folder.h"
#include "formats/npy.h"
#include "train/objective.h"

namespace malmoi::train {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr RowLimits kLimits{.vocab_size = 50,
                            .outputs = 50,
                            .max_positions = 6,
                            .token_types = 2,
                            .rules = {.decoder_start_token_id = 1, .pad_token_id = 0}};

class Arrays : public testing::Test {
 protected:
  void SetUp() override { folder_ = test_folder("arrays_test"); }
  void write(const char* name, std::vector<int64_t> shape, const std::vector<int32_t>& values) {
    ASSERT_TRUE(formats::write_npy(folder_ / (std::string(name) + ".npy"), std::move(shape), values).ok());
  }
  std::string refusal(const char* objective) {
    auto source = open_arrays(folder_, objective_entry(objective).arrays, kLimits, {});
    return source.ok() ? "accepted" : source.error().to_string();
  }
  std::unique_ptr<RowSource> open(const char* objective, const RowOrder& options = {}) {
    auto source = open_arrays(folder_, objective_entry(objective).arrays, kLimits, options);
    EXPECT_TRUE(source.ok()) << source.error().to_string();
    return std::move(*source);
  }
  Path folder_;
};

TEST_F(Arrays, PaddingIsCutAwayAndHolesAreMasked) {
  write("ids", {1, 2, 6}, {0, 11, 12, 13, 14, 0, 21, 22, 23, 24, 25, 26});
  write("mask", {1, 2, 6}, {0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1});
  write("labels", {1, 2, 6}, {-100, 5, -100, -100, 7, -100, 6, -100, -100, -100, -100, 8});
  auto source = open("masked_lm");
  EXPECT_EQ(source->size(), 2u) << "leading axes are rows";
  EXPECT_EQ(source->tokens(), 10u);
  Examples out;
  source->append(0, out);
  source->append(1, out);
  nn::Batch batch = out.input.batch();
  EXPECT_THAT(batch.ids, ElementsAre(11, 12, 13, 14, 21, 22, 23, 24, 25, 26));
  EXPECT_THAT(batch.positions, ElementsAre(1, 2, 3, 4, 0, 1, 2, 3, 4, 5)) << "a position counts the padding before it";
  EXPECT_THAT(batch.key_mask, ElementsAre(1, 0, 1, 1, 1, 1, 1, 1, 1, 1));
  EXPECT_THAT(out.targets, ElementsAre(5, -100, -100, 7, 6, -100, -100, -100, -100, 8));
  EXPECT_EQ(make_objective({.name = "masked_lm"})->count(out).terms, 4);
  EXPECT_EQ(*longest_array_row(folder_, objective_entry("masked_lm").arrays), 6);
}

TEST_F(Arrays, TheDecoderReadsTheLabelsMovedRight) {
  write("ids", {2, 3}, {11, 12, 0, 21, 22, 23});
  write("mask", {2, 3}, {1, 1, 0, 1, 1, 1});
  write("labels", {2, 4}, {31, -100, 33, -100, -100, -100, -100, -100});
  Examples out;
  auto source = open("seq2seq");
  source->append(0, out);
  source->append(1, out);
  ModelInput input(out);
  EXPECT_THAT(input.batch().ids, ElementsAre(1, 31, 0, 1)) << "-100 inside becomes padding, behind it is cut away";
  EXPECT_THAT(out.targets, ElementsAre(31, -100, 33, -100));
  EXPECT_TRUE(input.batch().key_mask.empty()) << "the decoder has no mask";
  ASSERT_TRUE(input.batch().source);
  EXPECT_EQ(input.batch().runs.size(), input.batch().source->runs.size());
}

TEST_F(Arrays, ShuffledEveryEpochHasEveryRowOnce) {
  std::vector<int32_t> ids(20), ones(20, 1);
  for (int i = 0; i < 20; ++i) ids[static_cast<size_t>(i)] = i;
  write("ids", {20, 1}, ids);
  write("mask", {20, 1}, ones);
  write("labels", {20}, ones);
  auto source = open("classification", {.shuffled = true, .seed = 3});
  std::vector<int32_t> orders[2];
  for (uint64_t n = 0; n < 40; ++n) {
    Examples out;
    source->append(n, out);
    orders[n / 20].push_back(out.input.batch().ids[0]);
  }
  EXPECT_NE(orders[0], orders[1]);
  for (auto& order : orders) EXPECT_THAT(order, testing::UnorderedElementsAreArray(ids));
}

TEST_F(Arrays, WhatDoesNotFitIsNamed) {
  EXPECT_THAT(refusal("classification"), HasSubstr("ids.npy"));
  write("ids", {2, 3}, {11, 12, 0, 21, 22, 50});
  write("mask", {2, 3}, {1, 1, 0, 1, 1, 1});
  write("labels", {2}, {1, 2});
  EXPECT_THAT(refusal("classification"), HasSubstr("row 1: 50 is outside the vocabulary"));
  write("ids", {2, 3}, {11, 12, 0, 21, 22, 23});
  EXPECT_EQ(refusal("classification"), "accepted");
  write("labels", {2}, {1, -1});
  EXPECT_THAT(refusal("classification"), HasSubstr("labels.npy"));
  write("labels", {3}, {1, 2, 1});
  EXPECT_THAT(refusal("classification"), HasSubstr("has 3 rows"));
  write("labels", {2, 3}, {1, -100, 2, 1, 1, 1});
  EXPECT_THAT(refusal("masked_lm"), HasSubstr("row 0 has a label at position 2"));
  write("labels", {2, 3}, {-100, -100, -100, -100, -100, -100});
  EXPECT_THAT(refusal("masked_lm"), AllOf(HasSubstr("labels.npy"), HasSubstr("none of its labels counts")));
  write("mask", {2, 3}, {0, 0, 0, 1, 1, 1});
  EXPECT_THAT(refusal("masked_lm"), HasSubstr("row 0 has no token"));
  write("mask", {3, 2}, {1, 1, 1, 1, 1, 1});
  EXPECT_THAT(refusal("masked_lm"), HasSubstr("mask.npy"));
  write("ids", {1, 7}, {1, 2, 3, 4, 5, 6, 7});
  write("mask", {1, 7}, {1, 1, 1, 1, 1, 1, 1});
  write("labels", {1, 7}, {1, 2, 3, 4, 5, 6, 7});
  EXPECT_THAT(refusal("masked_lm"), HasSubstr("the model has 6"));
  std::vector<float> floats(7, 1.0f);
  ASSERT_TRUE(formats::write_npy(folder_ / "ids.npy", {1, 7}, floats).ok());
  EXPECT_THAT(refusal("masked_lm"), HasSubstr("ids.npy"));
}

TEST_F(Arrays, AnAnswerStandsInARowThatIsReadWhole) {
  write("ids", {2, 4}, {11, 12, 13, 0, 21, 22, 23, 24});
  write("mask", {2, 4}, {1, 1, 1, 0, 1, 1, 1, 1});
  write("start", {2}, {3, -100});
  write("end", {2}, {3, 1});
  Examples out;
  auto source = open("question_answering");
  source->append(0, out);
  source->append(1, out);
  EXPECT_THAT(out.input.batch().ids, ElementsAre(11, 12, 13, 0, 21, 22, 23, 24));
  EXPECT_THAT(out.input.batch().key_mask, ElementsAre(1, 1, 1, 0, 1, 1, 1, 1));
  EXPECT_THAT(out.targets, ElementsAre(3, 3, -1, -1)) << "an answer without a beginning does not count";
  EXPECT_EQ(make_objective({.name = "question_answering"})->count(out).terms, 1);
  write("end", {2}, {4, 1});
  EXPECT_THAT(refusal("question_answering"), AllOf(HasSubstr("end.npy"), HasSubstr("row 0: 4 is outside")));
  write("end", {2}, {3, 1});
  write("ids", {2, 7}, std::vector<int32_t>(14, 5));
  write("mask", {2, 7}, {1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0});
  EXPECT_THAT(refusal("question_answering"), HasSubstr("the model has 6")) << "padding has positions, too";
}

TEST_F(Arrays, WhatWasReplacedCountsWhereThereIsNoPadding) {
  write("ids", {1, 5}, {11, 12, 13, 14, 0});
  write("mask", {1, 5}, {1, 0, 1, 1, 0});
  write("labels", {1, 5}, {1, 1, 0, -100, 1});
  Examples out;
  open("replaced_token")->append(0, out);
  EXPECT_THAT(out.targets, ElementsAre(1, -1, 0, -100));
  EXPECT_EQ(make_objective({.name = "replaced_token"})->count(out).terms, 2);
  write("labels", {1, 5}, {1, 1, 0, 2, 1});
  EXPECT_THAT(refusal("replaced_token"), HasSubstr("row 0: 2 is outside"));
}

TEST_F(Arrays, NumbersMustBeFinite) {
  static constexpr ArrayColumn kColumns[] = {
      {.name = "targets", .axis = ArrayAxis::kRow, .values = ArrayValues::kNumbers}};
  auto append = [](const ArrayRow& row, const RowRules&, Examples& out) {
    out.targets.push_back(static_cast<int32_t>(row.numbers[0][0]));
  };
  std::vector<float> numbers = {1.0f, NAN};
  ASSERT_TRUE(formats::write_npy(folder_ / "targets.npy", {2}, numbers).ok());
  auto source = open_arrays(folder_, {kColumns, append}, kLimits, {});
  ASSERT_FALSE(source.ok());
  EXPECT_THAT(source.error().to_string(), HasSubstr("row 1: a value is not finite"));
}

}  // namespace
}  // namespace malmoi::train
