// Regular expressions over answers: what is found, and that every search ends.
#include "reward/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"

namespace malmoi::reward {
namespace {

Pattern::Found found(std::string_view expression, std::string_view text, const PatternOptions& options = {}) {
  auto pattern = Pattern::compile(expression, options);
  EXPECT_TRUE(pattern.ok()) << (pattern.ok() ? "" : pattern.error().to_string());
  return pattern.ok() ? pattern->find(text) : Pattern::Found::kTooCostly;
}
constexpr auto kYes = Pattern::Found::kYes, kNo = Pattern::Found::kNo;

TEST(Pattern, IsFoundAnywhereOrFitsTheWhole) {
  EXPECT_EQ(found("b+", "abbc"), kYes);
  EXPECT_EQ(found("^b", "abbc"), kNo);
  EXPECT_EQ(found("^가.*하$", "가나다라하"), kYes);
  EXPECT_EQ(found("[0-9]+", "12a", {.whole = true}), kNo);
  EXPECT_EQ(found("[0-9]+", "123", {.whole = true}), kYes);
  EXPECT_EQ(found("[0-9]+", std::string(700, 'a') + "123", {.whole = true}), kNo);
  EXPECT_EQ(found("[0-9]+", std::string(700, 'a') + "123"), kYes) << "beyond the first looks at the clock";
  EXPECT_EQ(found("ABC", "xabcx", {.ignore_case = true}), kYes);
  EXPECT_EQ(found("", ""), kYes);
}

TEST(Pattern, TextsThatAreNoUtf8AreSearchedToo) {
  EXPECT_EQ(found("b",
                  "a\xff"
                  "b"),
            kYes);
  EXPECT_EQ(found("\\x{FFFD}", "a\xff"), kYes);
}

TEST(Pattern, WhatTakesTooLongEnds) {
  const double before = monotonic_seconds();
  EXPECT_EQ(found("(a+)+$", std::string(100, 'a') + "!"), Pattern::Found::kTooCostly);
  EXPECT_NE(found("(a|aa)+$", std::string(1 << 18, 'a') + "!"), kYes);
#if !defined(MALMOI_SANITIZED)
  EXPECT_LT(monotonic_seconds() - before, 20);
#endif
}

TEST(Pattern, MistakesAreNamed) {
  auto error = Pattern::compile("a(b", {});
  ASSERT_FALSE(error.ok());
  EXPECT_THAT(error.error().to_string(), testing::HasSubstr("offset 3"));
  EXPECT_FALSE(Pattern::compile(std::string(1 << 17, 'a'), {}).ok());
  EXPECT_FALSE(Pattern::compile("\xff", {}).ok());
}

}  // namespace
}  // namespace malmoi::reward
