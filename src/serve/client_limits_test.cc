#include "serve/client_limits.h"

#include <gtest/gtest.h>

namespace malmoi::serve {
namespace {

constexpr Microseconds kSecond = 1'000'000;
constexpr Microseconds kStart = 5 * kSecond;

TEST(Bucket, FillsExactlyWithItsMinute) {
  Bucket bucket;
  bucket.set_limit(7, kStart);
  bucket.take(7, kStart);
  EXPECT_EQ(bucket.left(kStart), 0);
  const Microseconds one = bucket.wait_for(1, kStart);
  EXPECT_EQ(one, 8'571'429);  // 60/7 s, rounded up
  EXPECT_GT(bucket.wait_for(1, kStart + one - 1), 0);
  EXPECT_EQ(bucket.wait_for(1, kStart + one), 0);
  EXPECT_EQ(bucket.left(kStart + one), 1);
  EXPECT_EQ(bucket.left(kStart + 60 * kSecond - 1), 6);
  EXPECT_EQ(bucket.left(kStart + 60 * kSecond), 7);
  EXPECT_EQ(bucket.left(kStart + 6000 * kSecond), 7);
}

// Thousands of small steps come to the same as one large one: nothing is lost to rounding.
TEST(Bucket, ManySmallStepsAreAsOneLargeOne) {
  Bucket steps, once;
  for (Bucket* bucket : {&steps, &once}) {
    bucket->set_limit(999, kStart);
    bucket->take(999, kStart);
  }
  Microseconds now = kStart;
  for (int i = 0; i < 5000; ++i) {
    now += 7001;
    steps.take(0, now);
  }
  EXPECT_EQ(steps.wait_for(999, now), once.wait_for(999, now));
}

TEST(Bucket, WhatIsDrawnBelowNothingIsMadeUpFor) {
  Bucket bucket;
  bucket.set_limit(60, kStart);
  bucket.take(180, kStart);
  EXPECT_EQ(bucket.left(kStart), 0);
  EXPECT_EQ(bucket.wait_for(1, kStart), 121 * kSecond);
  EXPECT_EQ(bucket.until_full(kStart), 180 * kSecond);
  EXPECT_EQ(bucket.wait_for(1, kStart + 121 * kSecond), 0);
}

TEST(Bucket, TheLargestLimitDoesNotOverflow) {
  Bucket bucket;
  bucket.set_limit(kMostOfLimit, kStart);
  bucket.take(kMostOfLimit, kStart);
  EXPECT_EQ(bucket.left(kStart + 30 * kSecond), kMostOfLimit / 2);
  EXPECT_EQ(bucket.left(INT64_MAX), kMostOfLimit);
}

TEST(Bucket, AnotherLimitKeepsTheShareThatIsLeft) {
  Bucket bucket;
  bucket.set_limit(100, kStart);
  bucket.take(75, kStart);
  bucket.set_limit(1000, kStart);
  EXPECT_EQ(bucket.left(kStart), 250);
  bucket.set_limit(0, kStart);
  EXPECT_EQ(bucket.wait_for(1'000'000, kStart), 0);
}

TEST(ClientLimits, RequestsOfAMinute) {
  ClientLimits limits({.requests_per_minute = 2}, kStart);
  EXPECT_FALSE(limits.begin(kStart));
  EXPECT_FALSE(limits.begin(kStart));
  auto over = limits.begin(kStart);
  ASSERT_TRUE(over);
  EXPECT_EQ(over->kind, OverLimit::Kind::kRequests);
  EXPECT_EQ(over->limit, 2);
  EXPECT_EQ(over->seconds, 30);
  over = limits.begin(kStart + 29 * kSecond + 1);
  ASSERT_TRUE(over);
  EXPECT_EQ(over->seconds, 1);
  EXPECT_FALSE(limits.begin(kStart + 30 * kSecond));
}

TEST(ClientLimits, TokensArePaidAsTheyAreUsed) {
  ClientLimits limits({.tokens_per_minute = 600}, kStart);
  EXPECT_FALSE(limits.begin(kStart));
  EXPECT_FALSE(limits.refuse_tokens(600, kStart));
  limits.use_tokens(500, kStart);
  auto over = limits.refuse_tokens(200, kStart);
  ASSERT_TRUE(over);
  EXPECT_EQ(over->kind, OverLimit::Kind::kTokens);
  EXPECT_EQ(over->seconds, 10);  // 100 more at 10 a second
  limits.use_tokens(150, kStart);
  over = limits.begin(kStart);
  ASSERT_TRUE(over);
  EXPECT_EQ(over->seconds, 6);  // 51 tokens, rounded up
  EXPECT_FALSE(limits.begin(kStart + over->seconds * kSecond));
}

TEST(ClientLimits, OfTwoThatAreUsedUpTheLongerWaitIsTold) {
  ClientLimits limits({.requests_per_minute = 1, .tokens_per_minute = 60}, kStart);
  EXPECT_FALSE(limits.begin(kStart));
  limits.use_tokens(60, kStart);
  auto over = limits.begin(kStart);
  ASSERT_TRUE(over);
  EXPECT_EQ(over->kind, OverLimit::Kind::kRequests);
  EXPECT_EQ(over->seconds, 60);
  limits.use_tokens(120, kStart);
  over = limits.begin(kStart);
  ASSERT_TRUE(over);
  EXPECT_EQ(over->kind, OverLimit::Kind::kTokens);
  EXPECT_EQ(over->seconds, 121);
}

TEST(ClientLimits, RequestsAtOnce) {
  ClientLimits limits({.requests_per_minute = 10, .concurrency = 1}, kStart);
  EXPECT_FALSE(limits.begin(kStart));
  auto over = limits.begin(kStart);
  ASSERT_TRUE(over);
  EXPECT_EQ(over->kind, OverLimit::Kind::kConcurrency);
  EXPECT_EQ(limits.requests().left(kStart), 9) << "what is refused costs nothing";
  limits.end();
  EXPECT_FALSE(limits.begin(kStart));
}

TEST(ClientLimits, TimesAsOpenAiHasThem) {
  EXPECT_EQ(reset_text(0), "0ms");
  EXPECT_EQ(reset_text(1), "1ms");
  EXPECT_EQ(reset_text(999'000), "999ms");
  EXPECT_EQ(reset_text(kSecond), "1s");
  EXPECT_EQ(reset_text(6 * kSecond + 1), "7s");
  EXPECT_EQ(reset_text(360 * kSecond), "6m0s");
  EXPECT_EQ(reset_text(59 * kSecond + 1), "1m0s");
}

}  // namespace
}  // namespace malmoi::serve
