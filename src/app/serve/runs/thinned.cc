#include "app/serve/runs/thinned.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace malmoi::app {
namespace {

constexpr size_t kMostOfBucket = 3;
constexpr size_t kMostBuckets = Thinned::kMostPoints / kMostOfBucket;
// Buckets of one point are as many as points may be; their successors are so wide that they are no more than half of kMostBuckets.
constexpr size_t kFirstJoin = 2 * kMostOfBucket, kNextJoin = 2;
static_assert(Thinned::kMostPoints / kFirstJoin <= kMostBuckets / 2 + 1);

}  // namespace

void Thinned::Bucket::add(const CurvePoint& point) {
  ++count;
  if (!std::isfinite(point.value)) {
    if (!broken) broken = point;
    return;
  }
  if (!lowest || point.value < lowest->value) lowest = point;
  if (!highest || point.value > highest->value) highest = point;
}

void Thinned::Bucket::add(const Bucket& other) {
  const size_t together = count + other.count;
  for (const auto& point : {other.lowest, other.highest, other.broken}) {
    if (point) add(*point);
  }
  count = together;
}

void Thinned::add(const CurvePoint& point) {
  ++added_;
  if (buckets_.empty() || buckets_.back().count >= width_) {
    const size_t most = width_ == 1 ? kMostPoints : kMostBuckets;
    if (buckets_.size() == most) join(width_ == 1 ? kFirstJoin : kNextJoin);
  }
  if (buckets_.empty() || buckets_.back().count >= width_) buckets_.emplace_back();
  buckets_.back().add(point);
}

void Thinned::join(size_t together) {
  std::vector<Bucket> joined;
  joined.reserve(buckets_.size() / together + 1);
  for (size_t i = 0; i < buckets_.size(); ++i) {
    if (i % together == 0) joined.emplace_back();
    joined.back().add(buckets_[i]);
  }
  buckets_ = std::move(joined);
  width_ *= together;
}

std::vector<CurvePoint> Thinned::points() const {
  std::vector<CurvePoint> out;
  for (const Bucket& bucket : buckets_) {
    std::vector<CurvePoint> kept;
    for (const auto& point : {bucket.lowest, bucket.highest, bucket.broken}) {
      if (point) kept.push_back(*point);
    }
    std::ranges::sort(kept, {}, &CurvePoint::step);
    for (const CurvePoint& point : kept) {
      if (out.empty() || out.back().step != point.step) out.push_back(point);
    }
  }
  return out;
}

Json to_json(const std::vector<CurvePoint>& points) {
  Json list = Json::array();
  for (const CurvePoint& point : points) {
    Json value = std::isfinite(point.value) ? Json(point.value) : Json(nullptr);
    list.push_back(Json::array({point.step, point.tokens, point.seconds, std::move(value)}));
  }
  return list;
}

}  // namespace malmoi::app
