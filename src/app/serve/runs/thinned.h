// A curve of any length as at most 2,000 points that keep its extremes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/json.h"

namespace malmoi::app {

/// A value of a run after a step, and where the run stood then: so many tokens and seconds of steps from its beginning. A value
/// that is not finite is NaN.
struct CurvePoint {
  int64_t step = 0;
  double tokens = 0, seconds = 0, value = 0;
};

/// Up to kMostPoints points are kept as they are. Of more, neighbours share a bucket, of which the lowest and the highest value stay,
/// and one that is not finite if there is one; buckets are joined as the curve grows, so that memory is bounded. Points come in the order of
/// their steps.
class Thinned {
 public:
  static constexpr size_t kMostPoints = 2000;

  void add(const CurvePoint& point);
  /// In the order of their steps.
  std::vector<CurvePoint> points() const;
  /// How many were added.
  size_t added() const { return added_; }

 private:
  struct Bucket {
    size_t count = 0;  // of points that it stands for
    std::optional<CurvePoint> lowest, highest, broken;
    void add(const CurvePoint& point);
    void add(const Bucket& other);
  };
  void join(size_t together);

  std::vector<Bucket> buckets_;
  size_t width_ = 1, added_ = 0;
};

/// [[step, tokens, seconds, value], ...]; null in place of a value that is not finite.
Json to_json(const std::vector<CurvePoint>& points);

}  // namespace malmoi::app
