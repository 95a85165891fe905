// Rows that fine-tuning reads: packed texts, pairs of answers, groups of sampled ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "train/tiny_models.h"

namespace malmoi::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr RowLimits kTinyLimits{.vocab_size = 29, .outputs = 29, .max_positions = 32};

RowColumn integers(std::vector<size_t> starts, std::vector<int32_t> values) {
  return {.where = "column", .starts = std::move(starts), .integers = std::move(values)};
}

Result<std::unique_ptr<RowSource>> source_of(const char* objective, std::vector<RowColumn> columns,
                                             const RowOrder& order = {}) {
  return RowSource::make(std::move(columns), objective_entry(objective).arrays, kTinyLimits, order, "rows");
}

std::string refusal_of(const char* objective, std::vector<RowColumn> columns) {
  auto source = source_of(objective, std::move(columns));
  return source.ok() ? "accepted" : source.error().to_string();
}

// Two chats, of two turns and of one, in a row with padding behind them; and each in a row of its own.
std::vector<RowColumn> packed() {
  return {integers({0, 16}, {1, 7, 8, 9, 2, 10, 11, 2, 1, 12, 13, 14, 2, 0, 0, 0}),
          integers({0, 16}, {0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 0, 1, 2}),
          integers({0, 16}, {1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 0, 0, 0}),
          integers({0, 16}, {0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0})};
}
std::vector<RowColumn> unpacked() {
  return {integers({0, 8, 13}, {1, 7, 8, 9, 2, 10, 11, 2, 1, 12, 13, 14, 2}),
          integers({0, 8, 13}, {0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4}),
          integers({0, 8, 13}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}),
          integers({0, 8, 13}, {0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 1, 1})};
}

Examples all_of(const RowSource& source) {
  Examples out;
  for (uint64_t n = 0; n < source.size(); ++n) source.append(n, out);
  return out;
}

TEST(Sft, ARunIsATextAndEndsBeforeItsLastTarget) {
  auto source = source_of("sft", packed());
  ASSERT_TRUE(source.ok()) << source.error().to_string();
  const Examples out = all_of(**source);
  ASSERT_EQ(out.input.runs().size(), 2u);
  EXPECT_THAT(out.input.batch().ids, ElementsAre(1, 7, 8, 9, 2, 10, 11, 1, 12, 13, 14));
  EXPECT_THAT(out.input.batch().positions, ElementsAre(0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3));
  EXPECT_THAT(out.targets, ElementsAre(-1, -1, 9, 2, -1, 11, 2, -1, -1, 14, 2));
}

TEST(Sft, PackedTextsGiveTheLossAndGradientOfThoseByThemselves) {
  for (const char* family : {"llama", "gpt_neox", "mamba2", "qwen3_next"}) {
    SCOPED_TRACE(family);
    const ObjectiveEntry& entry = objective_entry("sft");
    Trained together(entry, family), apart(entry, family);
    auto row = source_of("sft", packed()), rows = source_of("sft", unpacked());
    ASSERT_TRUE(row.ok() && rows.ok());
    const StepResult a = together.stepper->step(
        1, [&](int64_t, Examples& out) { (*row)->append(0, out); }, 0, 1, 1e-2);
    const StepResult b = apart.stepper->step(
        2, [&](int64_t i, Examples& out) { (*rows)->append(static_cast<uint64_t>(i), out); }, 0, 1, 1e-2);
    EXPECT_EQ(a.counts.terms, 6);
    EXPECT_EQ(b.counts.terms, 6);
    EXPECT_NEAR(a.loss, b.loss, 1e-6);
    EXPECT_NEAR(a.grad_norm, b.grad_norm, 1e-5 * a.grad_norm);
    for (size_t i = 0; i < together.model->parameters.entries().size(); ++i) {
      const Parameter &mine = together.model->parameters.entries()[i]->parameter,
                      &other = apart.model->parameters.entries()[i]->parameter;
      for (int64_t e = 0; e < mine.grad.elements(); ++e)
        ASSERT_NEAR(mine.grad.as<float>()[e], other.grad.as<float>()[e], 1e-5) << mine.name << " " << e;
    }
  }
}

TEST(Sft, RowsThatCannotBeLearnedAreRefusedByName) {
  auto split = packed();
  split[2].integers[15] = 1;
  EXPECT_THAT(refusal_of("sft", split), HasSubstr("row 0: segment 1 stands in two places"));
  auto first = packed();
  first[3].integers[8] = 1;
  EXPECT_THAT(refusal_of("sft", first), HasSubstr("the first token of segment 2 is to be learned"));
  auto far = packed();
  far[1].integers[3] = 32;
  EXPECT_THAT(refusal_of("sft", far), HasSubstr("32 is outside the model's positions"));
  auto nothing = packed();
  std::ranges::fill(nothing[3].integers, 0);
  EXPECT_THAT(refusal_of("sft", nothing), HasSubstr("none of its labels counts"));
}

std::vector<RowColumn> pair(int32_t prompt, int32_t chosen, int32_t rejected) {
  return {integers({0, 5}, {1, 7, 8, 9, 2}), integers({0, 4}, {1, 7, 11, 2}), integers({0, 1}, {prompt}),
          integers({0, 1}, {chosen}), integers({0, 1}, {rejected})};
}

TEST(Pairs, StandSideBySideAndLearnTheirCompletions) {
  auto source = source_of("dpo", pair(2, 5, 4));
  ASSERT_TRUE(source.ok()) << source.error().to_string();
  const Examples out = all_of(**source);
  EXPECT_THAT(out.input.batch().ids, ElementsAre(1, 7, 8, 9, 1, 7, 11));
  EXPECT_THAT(out.targets, ElementsAre(-1, 8, 9, 2, -1, 11, 2));
  EXPECT_THAT(out.completions, ElementsAre(1, 1));
  const Examples whole = all_of(**source_of("orpo", pair(2, 5, 4)));
  EXPECT_THAT(whole.targets, ElementsAre(7, 8, 9, 2, -1, 11, 2)) << "orpo learns the chosen text whole";
}

TEST(Pairs, LengthsThatDoNotFitAreRefusedByName) {
  EXPECT_THAT(refusal_of("dpo", pair(0, 5, 4)), HasSubstr("row 0: the prompt of the chosen answer has no token"));
  EXPECT_THAT(refusal_of("dpo", pair(2, 2, 4)), HasSubstr("the chosen answer has 2 tokens, its prompt 2"));
  EXPECT_THAT(refusal_of("dpo", pair(2, 5, 5)), HasSubstr("the rejected answer has 5 tokens, the row 4"));
  EXPECT_THAT(refusal_of("dpo", pair(2, -1, 4)), HasSubstr("-1 is outside"));
}

TEST(Groups, StayTogetherWhenTheyAreShuffled) {
  constexpr int32_t kRows = 12, kGroup = 3;
  std::vector<size_t> twos, ones, single;
  std::vector<int32_t> ids;
  std::vector<float> rewards, old;
  for (size_t r = 0; r <= kRows; ++r) {
    twos.push_back(2 * r);
    ones.push_back(r);
  }
  for (int32_t r = 0; r < kRows; ++r) {
    ids.insert(ids.end(), {1, r});
    rewards.push_back(static_cast<float>(r));
    old.push_back(-1);
  }
  std::vector<RowColumn> columns = {integers(twos, ids), integers(ones, std::vector<int32_t>(kRows, 1)),
                                    integers(ones, std::vector<int32_t>(kRows, 2)),
                                    RowColumn{.where = "rewards", .starts = ones, .numbers = rewards},
                                    RowColumn{.where = "old_logps", .starts = ones, .numbers = old}};
  auto source = source_of("grpo", columns, {.shuffled = true, .seed = 5, .together = kGroup});
  ASSERT_TRUE(source.ok()) << source.error().to_string();
  std::set<float> seen;
  bool moved = false;
  for (uint64_t n = 0; n < kRows; n += kGroup) {
    Examples out;
    for (uint64_t i = 0; i < kGroup; ++i) (*source)->append(n + i, out);
    for (size_t i = 1; i < kGroup; ++i) EXPECT_EQ(out.numbers[i], out.numbers[0] + static_cast<float>(i));
    EXPECT_EQ(static_cast<int>(out.numbers[0]) % kGroup, 0);
    moved |= out.numbers[0] != static_cast<float>(n);
    seen.insert(out.numbers.begin(), out.numbers.end());
  }
  EXPECT_EQ(seen.size(), static_cast<size_t>(kRows));
  EXPECT_TRUE(moved);
}

TEST(Groups, ThatAreNotWholeAreRefused) {
  std::vector<RowColumn> columns = {
      integers({0, 2, 4, 6, 8}, {1, 5, 1, 6, 1, 7, 1, 8}), integers({0, 1, 2, 3, 4}, {1, 1, 1, 1}),
      integers({0, 1, 2, 3, 4}, {2, 2, 2, 2}),
      RowColumn{.where = "rewards", .starts = {0, 1, 2, 3, 4}, .numbers = {1, 0, 1, 0}},
      RowColumn{.where = "old_logps", .starts = {0, 1, 2, 3, 4}, .numbers = {-1, -1, -1, -1}}};
  EXPECT_TRUE(source_of("grpo", columns, {.together = 2}).ok());
  auto source = source_of("grpo", columns, {.together = 3});
  ASSERT_FALSE(source.ok());
  EXPECT_THAT(source.error().to_string(), HasSubstr("4 rows, which are no whole groups of 3"));
}

TEST(Judgements, AnswersToOtherPromptsFitTheModelToo) {
  auto judged = [](int32_t other) {
    std::vector<int32_t> ids(static_cast<size_t>(other), 3);
    return std::vector<RowColumn>{integers({0, 4}, {1, 7, 8, 2}), integers({0, 4}, {1, 7, 9, 2}),
                                  integers({0, ids.size()}, ids), integers({0, 1}, {2}),
                                  integers({0, 1}, {4}),          integers({0, 1}, {4}),
                                  integers({0, 1}, {2}),          integers({0, 1}, {other})};
  };
  EXPECT_TRUE(source_of("kto", judged(33)).ok()) << "the last token is not read";
  EXPECT_THAT(refusal_of("kto", judged(34)), HasSubstr("row 0 reaches position 32, the model has 32"));
}

TEST(Texts, NegativesMayStandInSomeRowsAlone) {
  std::vector<RowColumn> columns = {integers({0, 2, 4}, {3, 4, 5, 6}),
                                    integers({0, 2, 4}, {1, 1, 1, 1}),
                                    integers({0, 2, 4}, {4, 3, 6, 5}),
                                    integers({0, 2, 4}, {1, 1, 1, 1}),
                                    integers({0, 2, 2}, {7, 8}),
                                    integers({0, 2, 2}, {1, 1}),
                                    RowColumn{.where = "scores", .starts = {0, 0, 0}}};
  auto source = source_of("contrastive", columns);
  ASSERT_TRUE(source.ok()) << source.error().to_string();
  const Examples out = all_of(**source);
  EXPECT_EQ(out.input.runs().size(), 5u);
  EXPECT_THAT(out.targets, ElementsAre(3, 2));
}

}  // namespace
}  // namespace malmoi::train
