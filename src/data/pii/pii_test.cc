#include "data/pii/pii.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "base/json.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "data/pii/checks.h"
#include "data/pii/label_words.h"
#include "data/pii/regions.h"
#include "data/pii/settings.h"
#include "data/pii/words.h"
#include "base/test_folder.h"

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
    score.right += both;
    score.spurious += found.size() - both;
    score.missed += expected.size() - both;
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

// A recipe and a command line read one key file alike: the same value has the same name in both.
TEST(Pii, AKeyIsTheSameHoweverItsFileEnds) {
  Path folder = test_folder("pii_key");
  for (const char* end : {"", "\n", "\r\n", "\n\n"}) {
    ASSERT_TRUE(write_file(folder / "key", std::string("0123456789abcdef") + end).ok());
    EXPECT_EQ(*read_pii_key(folder / "key"), "0123456789abcdef");
  }
  ASSERT_TRUE(write_file(folder / "key", "0123456789abcde\n").ok());
  EXPECT_FALSE(read_pii_key(folder / "key").ok());
}

TEST(Pii, SettingsNameTypesAndActions) {
  auto some = pii_options({"EMAIL", "IP"}, "types");
  ASSERT_TRUE(some.ok());
  EXPECT_EQ(std::ranges::count(some->enabled, true), 2);
  EXPECT_EQ(std::ranges::count(pii_options({}, "types")->enabled, false), 0);
  EXPECT_NE(pii_options({"EMIAL"}, "pii.types").error().to_string().find("pii.types"), std::string::npos);
  EXPECT_EQ(pii_action("pseudonym"), PiiAction::kPseudonym);
  EXPECT_FALSE(pii_action("drop").has_value());
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

std::vector<std::string> types_of(const std::string& text) {
  std::vector<std::string> types;
  for (const PiiSpan& span : find_pii(text)) types.emplace_back(pii_name(span.type));
  return types;
}

TEST(Pii, RightAfterALabelWithAnySign) {
  const std::pair<const char*, const char*> kCases[] = {{"T.02-345-6789", "PHONE"},
                                                        {"H.P.010-2345-6789", "PHONE"},
                                                        {"M.010-2345-6789", "PHONE"},
                                                        {"Mobile.010-2345-6789", "PHONE"},
                                                        {"Tel.02-345-6789", "PHONE"},
                                                        {"Fax.02-345-6789", "PHONE"},
                                                        {"TEL)02-345-6789", "PHONE"},
                                                        {"☎02-345-6789", "PHONE"},
                                                        {"연락처:010-2345-6789", "PHONE"},
                                                        {"v.010-2345-6789", "PHONE"},
                                                        {"연락처.010-2345-6789", "PHONE"},
                                                        {"TEL-02-345-6789", "PHONE"},
                                                        {"tel_010-2345-6789", "PHONE"},
                                                        {"Tel/02-345-6789", "PHONE"},
                                                        {"전화-1588-0000", "PHONE"},
                                                        {"Tel.1588-0000", "PHONE"},
                                                        {"Tel.No.010-2345-6789", "PHONE"},
                                                        {"Reg.No.850314-1234562", "RRN"},
                                                        {"사업자.995-27-52616", "BRN"},
                                                        {"Biz.No.995-27-52616", "BRN"},
                                                        {"면허번호.11-12-345678-90", "DRIVER"},
                                                        {"License.11-12-345678-90", "DRIVER"},
                                                        {"외국인등록번호.850314-5234567", "ARN"},
                                                        {"주소.서울시 강남구 테헤란로 152", "ADDRESS"},
                                                        {"(H)010-2345-6789", "PHONE"},
                                                        {"Tel.+82-10-2345-6789", "PHONE"},
                                                        {"C.P.01023456789", "PHONE"},
                                                        {"No.850314-1234562", "RRN"},
                                                        {"주민번호.850314-1234562", "RRN"},
                                                        {"RRN-850314-1234562", "RRN"},
                                                        {"R.R.N.850314-1234562", "RRN"},
                                                        {"Card.4242-4242-4242-4242", "CARD"},
                                                        {"H/P 1588-1234", "PHONE"},
                                                        {"T) 0212345678", "PHONE"},
                                                        {"전번 0311234567", "PHONE"},
                                                        {"電話:0212345678", "PHONE"},
                                                        {"No.4242424242424242", "CARD"},
                                                        {"A/C.110-000-006291", "ACCOUNT"},
                                                        {"계좌.110-000-006291", "ACCOUNT"},
                                                        {"Acct-110-000-006291", "ACCOUNT"},
                                                        {"IP.203.0.113.7", "IP"},
                                                        {"ip-203.0.113.7", "IP"},
                                                        {"여권번호-M00320716", "PASSPORT"},
                                                        {"Passport.M00320716", "PASSPORT"},
                                                        {"E.hong@example.com", "EMAIL"},
                                                        {"Addr.9110 Placeholder Blvd, Anytown, NY 12399", "ADDRESS"}};
  for (const auto& [text, type] : kCases) EXPECT_EQ(types_of(text), std::vector<std::string>{type}) << text;
}

TEST(Pii, PartsOfNamesAndVersionsStayWhatTheyAre) {
  for (const char* text : {"www.010-2345-6789.com", "lib.so.010-2345-6789", "img_010-2345-6789.jpg",
                           "ABC-010-2345-6789", "a1.010-2345-6789", "ver.1.2.3.4", "v.2.10.3", "Fig.12.3.4.5",
                           "build-2024-0101-1234", "host.name.203.0.113.7.example"})
    EXPECT_TRUE(types_of(text).empty()) << text << ": " << types_of(text).front();
}

TEST(Pii, AcrossALineEnd) {
  const std::pair<const char*, const char*> kCases[] = {{"주민등록번호 850314-1\n234562", "RRN"},
                                                        {"주민등록번호 850314-\r\n1234562", "RRN"},
                                                        {"주민등록번호 8503\n14-1234562 끝", "RRN"},
                                                        {"010-2345-\n6789", "PHONE"},
                                                        {"전화 010-23\n45-6789", "PHONE"},
                                                        {"전화 010-2345-  \n  6789", "PHONE"},
                                                        {"(02)\n345-6789", "PHONE"},
                                                        {"+82-10-2345-\n6789", "PHONE"},
                                                        {"카드 4242-4242-\n4242-4242", "CARD"},
                                                        {"계좌번호 110-000-\n006291", "ACCOUNT"},
                                                        {"hong@\nexample.com", "EMAIL"},
                                                        {"서버 203.0.\n113.7", "IP"},
                                                        {"여권번호 M0032\n0716", "PASSPORT"},
                                                        {"사업자등록번호 995-27-\n52616", "BRN"},
                                                        {"운전면허 11-12-\n345678-90", "DRIVER"},
                                                        {"외국인등록번호 850314-\n5234567", "ARN"},
                                                        {"연락처 010-2345\n-6789", "PHONE"},
                                                        {"연락처 010\r\n -2345-6789", "PHONE"},
                                                        {"주민등록번호 850314\n-1234562", "RRN"},
                                                        {"hong\n@example.com", "EMAIL"},
                                                        {"연락처 010 2345\n6789", "PHONE"},
                                                        {"서울시 강남구 테헤란로\n152", "ADDRESS"},
                                                        {"서울특별시 강남구\n테헤란로 152", "ADDRESS"},
                                                        {"9110 Placeholder Blvd,\nAnytown, NY 12399", "ADDRESS"}};
  for (const auto& [text, type] : kCases) {
    EXPECT_EQ(types_of(text), std::vector<std::string>{type}) << text;
    std::vector<PiiSpan> spans = find_pii(text);
    if (!spans.empty()) {
      EXPECT_NE(std::string(text).substr(spans[0].begin, spans[0].end - spans[0].begin).find('\n'), std::string::npos);
    }
  }
  // Two lines that end and begin with numbers of their own.
  EXPECT_TRUE(types_of("1234\n5678\n9012 3456\n7890").empty());
  EXPECT_TRUE(types_of("강남구\n역 3번 출구").empty());
  EXPECT_TRUE(types_of("Chapter 12,\nSection 3 of NY").empty());
  EXPECT_TRUE(types_of("2023-01-\n02\n3.14\n1592").empty());
  EXPECT_TRUE(types_of("010 2345\n6789 1111").empty());
  EXPECT_EQ(types_of("0082-10-2345-6789"), std::vector<std::string>{"PHONE"});
  EXPECT_TRUE(types_of("1234567\n-1234\n2024\n-01-02").empty());
  EXPECT_EQ(types_of("010-2345-6789\n010-2345-6780").size(), 2u);
}

TEST(Pii, WordFilesHaveTheirSections) {
  EXPECT_GE(label_words().size(), 14u);
  for (const LabelWords& list : label_words()) EXPECT_GE(list.words.size(), 5u);
  EXPECT_TRUE(is_province(U"서울특별시"));
  EXPECT_TRUE(is_district(U"마포구"));
  EXPECT_FALSE(folded_words(PiiFile::kRegions, "regions of licences").empty());
  EXPECT_FALSE(folded_words(PiiFile::kLabels, "wrong").empty());
  for (const char* section : {"no roads", "no quarters", "no districts", "buildings", "street kinds", "states"})
    EXPECT_FALSE(folded_words(PiiFile::kAddresses, section).empty()) << section;
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
