#include "serve/places.h"

#include <gtest/gtest.h>

namespace malmoi::serve {
namespace {

TEST(Places, OneClientAloneMayHoldThemAllAndNoMore) {
  Places places(4);
  EXPECT_TRUE(places.take(1, 3, 0));
  EXPECT_TRUE(places.take(1, 1, 0));
  EXPECT_FALSE(places.take(1, 1, 0));
  places.give_back(1, 1);
  EXPECT_TRUE(places.take(1, 1, 0));
  EXPECT_EQ(places.total(), 4);
}

TEST(Places, OneWhoHasNothingIsLetInWhereAnotherHoldsThemAll) {
  Places places(4);
  ASSERT_TRUE(places.take(1, 4, 0));
  EXPECT_TRUE(places.take(2, 2, 4));  // its share of four
  EXPECT_FALSE(places.take(2, 1, 6));
  EXPECT_FALSE(places.take(1, 1, 6)) << "who holds more than its share waits";
  EXPECT_TRUE(places.take(3, 1, 6));  // four among three
  EXPECT_TRUE(places.take(4, 1, 7));
  EXPECT_FALSE(places.take(5, 1, 8)) << "twice the limit is the end";
  places.give_back(1, 4);
  EXPECT_EQ(places.total(), 4);
  EXPECT_TRUE(places.take(5, 1, 4));
  EXPECT_FALSE(places.take(2, 1, 5));
}

TEST(Places, AnswersThatNobodyWaitsForAnyMoreStillTakeRoom) {
  Places places(4);
  EXPECT_FALSE(places.take(1, 1, 4));
  EXPECT_TRUE(places.take(1, 1, 3));
}

TEST(Places, WhatIsHeldIsGivenBackOnce) {
  Places places(2);
  {
    auto held = PlacesHeld::take(places, 1, 2, 0);
    ASSERT_TRUE(held);
    PlacesHeld moved = *std::move(held);
    EXPECT_EQ(places.held(1), 2);
    EXPECT_FALSE(PlacesHeld::take(places, 1, 1, 0));
  }
  EXPECT_EQ(places.held(1), 0);
  EXPECT_EQ(places.total(), 0);
}

TEST(Places, WhatIsHeldMayGrow) {
  Places places(4);
  {
    auto held = PlacesHeld::take(places, 1, 1, 0);
    ASSERT_TRUE(held);
    EXPECT_TRUE(held->grow(2));
    EXPECT_EQ(held->count(), 3);
    EXPECT_FALSE(held->grow(2));
    EXPECT_EQ(held->count(), 3);
    EXPECT_EQ(places.total(), 3);
  }
  EXPECT_EQ(places.total(), 0);
}

}  // namespace
}  // namespace malmoi::serve
