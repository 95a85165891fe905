#include "app/serve/runs/thinned.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace malmoi::app {
namespace {

CurvePoint point(int64_t step, double value) { return {step, 10.0 * static_cast<double>(step), 0, value}; }

TEST(Thinned, ShortCurvesStayAsTheyAre) {
  Thinned curve;
  for (int64_t step = 0; step < static_cast<int64_t>(Thinned::kMostPoints); ++step) curve.add(point(step, 1));
  const auto points = curve.points();
  ASSERT_EQ(points.size(), Thinned::kMostPoints);
  EXPECT_EQ(points.back().step, static_cast<int64_t>(Thinned::kMostPoints) - 1);
  EXPECT_EQ(points[7].tokens, 70);
}

// At lengths around those where buckets are joined, too.
TEST(Thinned, LongOnesKeepTheirExtremesAndTheirOrder) {
  for (int64_t length : {2001, 2006, 12000, 12001, 100003}) {
    Thinned curve;
    for (int64_t step = 0; step < length; ++step) {
      double value = 5 + std::sin(static_cast<double>(step));
      if (step == length / 3) value = 900;
      if (step == length / 2) value = -900;
      if (step == length / 5) value = NAN;
      curve.add(point(step, value));
    }
    const auto points = curve.points();
    EXPECT_EQ(curve.added(), static_cast<size_t>(length));
    EXPECT_LE(points.size(), Thinned::kMostPoints) << length;
    EXPECT_GE(points.size(), Thinned::kMostPoints / 4) << length;
    EXPECT_TRUE(std::ranges::is_sorted(points, {}, &CurvePoint::step));
    auto has = [&](int64_t step, double value) {
      return std::ranges::any_of(points, [&](const CurvePoint& p) { return p.step == step && p.value == value; });
    };
    EXPECT_TRUE(has(length / 3, 900)) << length;
    EXPECT_TRUE(has(length / 2, -900)) << length;
    EXPECT_TRUE(std::ranges::any_of(points, [](const CurvePoint& p) { return std::isnan(p.value); })) << length;
  }
}

TEST(Thinned, WhatIsNotFiniteIsNull) {
  EXPECT_EQ(dump_json(to_json({point(3, NAN), point(4, 0.5)})), "[[3,30.0,0.0,null],[4,40.0,0.0,0.5]]");
}

}  // namespace
}  // namespace malmoi::app
