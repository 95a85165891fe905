// Numbers as people and models write them.
#include "reward/numbers.h"

#include <gtest/gtest.h>

namespace malmoi::reward {
namespace {

constexpr double kNoNumber = -12345;
double last_of(std::string_view text) { return last_number(text).value_or(kNoNumber); }
double whole_of(std::string_view text) { return whole_number(text).value_or(kNoNumber); }

TEST(Numbers, TheLastOneOfATextCounts) {
  EXPECT_EQ(last_of("3 apples and 4 pears are 7."), 7);
  EXPECT_EQ(last_of("답은 42입니다"), 42);
  EXPECT_EQ(last_of("총42개"), 42);
  EXPECT_EQ(last_of("5km"), 5);
  EXPECT_EQ(last_of("50%"), 50);
  EXPECT_EQ(last_of("none"), kNoNumber);
  EXPECT_EQ(last_of(""), kNoNumber);
}

TEST(Numbers, ThousandsMayStandBehindCommas) {
  EXPECT_EQ(last_of("1,234"), 1234);
  EXPECT_EQ(last_of("$1,234,567.50"), 1234567.5);
  EXPECT_EQ(last_of("1, 234"), 234) << "a list";
  EXPECT_EQ(last_of("12,34"), 34) << "no groups of three";
  EXPECT_EQ(last_of("1,2345"), 2345);
  EXPECT_EQ(last_of("1000,000"), 0) << "four digits are no group before a comma";
  EXPECT_EQ(last_of("7,"), 7);
}

TEST(Numbers, SignsAreNoMinusBetweenTwo) {
  EXPECT_EQ(last_of("-5"), -5);
  EXPECT_EQ(last_of("x = -3"), -3);
  EXPECT_EQ(last_of("x=-3"), -3);
  EXPECT_EQ(last_of("\xE2\x88\x92"
                    "8"),
            -8)
      << "U+2212";
  EXPECT_EQ(last_of("9-4"), 4);
  EXPECT_EQ(last_of("9 - 4"), 4);
  EXPECT_EQ(last_of("-$12"), -12);
  EXPECT_EQ(last_of("$-12"), -12);
  EXPECT_EQ(last_of("2024-01-05"), 5);
}

TEST(Numbers, FractionsAndExponents) {
  EXPECT_EQ(last_of("0.25"), 0.25);
  EXPECT_EQ(last_of(".5"), 0.5);
  EXPECT_EQ(last_of("2."), 2) << "the end of a sentence";
  EXPECT_EQ(last_of("1.5e3"), 1500);
  EXPECT_EQ(last_of("2E-2"), 0.02);
  EXPECT_EQ(last_of("3e"), 3);
  EXPECT_EQ(last_of("1e999"), kNoNumber) << "too large to be one";
}

TEST(Numbers, DigitsOfWordsAndVersionsAreNone) {
  EXPECT_EQ(last_of("H2O"), kNoNumber);
  EXPECT_EQ(last_of("x_1"), kNoNumber);
  EXPECT_EQ(last_of("version 1.2.3"), kNoNumber);
  EXPECT_EQ(last_of("7 in version 1.2.3"), 7);
}

TEST(Numbers, AWholeTextMayBeAFraction) {
  EXPECT_EQ(whole_of("3/4"), 0.75);
  EXPECT_EQ(whole_of(" -1 / 8 "), -0.125);
  EXPECT_EQ(whole_of("\\frac{1}{2}"), 0.5);
  EXPECT_EQ(whole_of("-\\dfrac{3}{4}"), -0.75);
  EXPECT_EQ(whole_of("1{,}200"), 1200);
  EXPECT_EQ(whole_of("1,\\!200\\,000"), 1200000);
  EXPECT_EQ(whole_of("1/0"), kNoNumber);
  EXPECT_EQ(whole_of("12 apples"), 12);
  EXPECT_EQ(whole_of("about 1/2"), 2) << "a text with a number, no fraction as a whole";
  EXPECT_EQ(whole_of("1/2/3"), 3);
}

TEST(Numbers, LongTextsTakeLinearTime) {
  const std::string digits(1 << 20, '7'), minus(1 << 20, '-'), points(1 << 20, '.');
  EXPECT_EQ(last_of(digits), kNoNumber);
  EXPECT_EQ(last_of(minus + "1"), 1);
  EXPECT_EQ(last_of(points + "5 1"), 1);
}

}  // namespace
}  // namespace malmoi::reward
