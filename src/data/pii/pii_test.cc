#include "data/pii/pii.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "base/json.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "data/pii/checks.h"

namespace malmoi::data {
namespace {

using Spans = std::set<std::tuple<size_t, size_t, std::string>>;

Spans spans_of(const std::string& text) {
  std::vector<PiiSpan> found = find_pii(text);
  std::vector<size_t> offsets = code_point_offsets(text, found);
  Spans out;
  for (size_t i = 0; i < found.size(); ++i)
    out.emplace(offsets[2 * i], offsets[2 * i + 1], std::string(pii_name(found[i].type)));
  return out;
}

struct Score {
  size_t right = 0, spurious = 0, missed = 0, negatives_hit = 0, lines = 0;
  double f1() const { return 2.0 * right / (2.0 * right + spurious + missed); }
};

Score score_file(const std::string& name) {
  std::ifstream in(std::string(MALMOI_TEST_DATA) + "/data/" + name);
  Score score;
  for (std::string line; std::getline(in, line); ++score.lines) {
    Result<Json> row = parse_json(line, name);
    EXPECT_TRUE(row.ok());
    Spans expected;
    for (const Json& span : (*row)["spans"]) expected.emplace(span[0], span[1], span[2]);
    Spans found = spans_of((*row)["text"]);
    size_t both = 0;
    for (const auto& span : found) both += expected.count(span);
    score.right += both, score.spurious += found.size() - both, score.missed += expected.size() - both;
    if (expected.empty() && !found.empty()) ++score.negatives_hit;
    if (found != expected) ADD_FAILURE() << line << "\n  found " << ::testing::PrintToString(found);
  }
  return score;
}

TEST(Pii, LabelledLines) {
  Score score = score_file("pii_dev.jsonl");
  EXPECT_EQ(score.lines, 151u);
  EXPECT_GE(score.f1(), 0.97);
  EXPECT_EQ(score.negatives_hit, 0u);
}

TEST(Pii, GeneratedLines) {
  Score score = score_file("pii_generated.jsonl");
  EXPECT_GT(score.lines, 600u);
  EXPECT_GE(score.f1(), 0.97);
  EXPECT_EQ(score.negatives_hit, 0u);
}

// Every way of writing that was thought of, and numbers met in manuals and change logs that are nobody's.
TEST(Pii, WrittenCases) {
  Score score = score_file("pii_cases.jsonl");
  EXPECT_GT(score.lines, 600u);
  EXPECT_GE(score.f1(), 0.97);
  EXPECT_EQ(score.negatives_hit, 0u);
}

TEST(Pii, DatesAndCheckDigits) {
  EXPECT_TRUE(is_date(2000, 2, 29));
  EXPECT_FALSE(is_date(1900, 2, 29));
  EXPECT_FALSE(is_date(2001, 13, 1));
  std::array<uint8_t, 10> business = {9, 9, 5, 2, 7, 5, 2, 6, 1, 6};
  EXPECT_TRUE(is_business_number(business));
  business[9] = 7;
  EXPECT_FALSE(is_business_number(business));
  std::array<uint8_t, 16> card = {4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2};
  EXPECT_TRUE(is_card_number(card));
  card[15] = 1;
  EXPECT_FALSE(is_card_number(card));
}

// Since October 2020 the tail of a new number is random: no check digit can be asked of it.
TEST(Pii, NumbersBornAfterTheCheckDigitWent) {
  EXPECT_THAT(spans_of("아이 주민번호 210305-3123450"), ::testing::SizeIs(1));
  EXPECT_THAT(spans_of("아이 210305-3123451 접수"), ::testing::SizeIs(1));
  EXPECT_TRUE(spans_of("주민번호 형식 오류 990305-1123451").empty());
}

TEST(Pii, EveryReplacement) {
  std::string text = "전화 010-0000-1234, 다시 01000001234, 메일 A@example.com";
  std::vector<PiiSpan> spans = find_pii(text);
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_EQ(PiiReplacer{}.apply(text, spans), "전화 [PHONE], 다시 [PHONE], 메일 [EMAIL]");
  EXPECT_EQ((PiiReplacer{.action = PiiAction::kRemove}.apply(text, spans)), "전화 , 다시 , 메일 ");
  PiiReplacer keyed{.action = PiiAction::kPseudonym, .key = "0123456789abcdef"};
  std::string named = keyed.apply(text, spans);
  size_t first = named.find("[PHONE_"), second = named.find("[PHONE_", first + 1);
  ASSERT_NE(second, std::string::npos);
  EXPECT_EQ(named.substr(first, 16), named.substr(second, 16)) << "one value written two ways has one name";
  keyed.key = "another key here";
  EXPECT_NE(keyed.apply(text, spans), named);
}

TEST(Pii, OnlyTheTypesAskedFor) {
  PiiOptions options;
  options.enabled.fill(false);
  options.enabled[static_cast<size_t>(PiiType::kEmail)] = true;
  auto spans = find_pii("010-0000-1234 x@example.com", options);
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].type, PiiType::kEmail);
}

TEST(Pii, LabelOnTheLineBefore) {
  EXPECT_EQ(spans_of("계좌번호\n110-000-006291\n").size(), 1u);
  EXPECT_EQ(spans_of("이름 홍길동\n여권번호\nM00320716").size(), 1u);
}

// Long texts are searched in pieces; places must not depend on where the pieces end.
TEST(Pii, LongTextsAndEndlessLines) {
  std::string unit = "가나다라 010-0000-1234 마바사 ", text;
  for (int i = 0; i < 30000; ++i) text += unit;
  std::vector<PiiSpan> spans = find_pii(text);
  EXPECT_GE(spans.size(), 29990u);
  for (const PiiSpan& span : spans) ASSERT_EQ(text.substr(span.begin, span.end - span.begin), "010-0000-1234");
}

TEST(Pii, AnyBytesGiveSpansInOrderInsideTheText) {
  Rng rng(7);
  const std::string pieces[] = {
      "010-", "1234",  "@",         "a.b",  "서울시 ", "가상동 ",    "37-3",      "\xff",     "\xe3\x85", "(02) ",
      "+82",  "::",    "2001:db8",  " ",    "\n",      "4111 1111 ", "국민은행",  ")",        "-",        ".",
      "로 ",  "번길 ", "passport ", "M123", "１２",    "p.o. box ",  "main st, ", "NY 10000", "[at]",     "(dot)"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (uint64_t n = rng.below(30); n > 0; --n) text += pieces[rng.below(std::size(pieces))];
    size_t at = 0;
    for (const PiiSpan& span : find_pii(text)) {
      ASSERT_LE(at, span.begin);
      ASSERT_LT(span.begin, span.end);
      ASSERT_LE(span.end, text.size());
      at = span.end;
    }
  }
}

}  // namespace
}  // namespace malmoi::data
