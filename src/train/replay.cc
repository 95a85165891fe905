#include "train/replay.h"

#include <algorithm>
#include <cmath>

namespace malmoi::train {
namespace {

constexpr uint64_t kWhole = 1'000'000;

}  // namespace

uint64_t replayed_before(uint64_t n, double share) {
  const auto part = static_cast<uint64_t>(std::llround(share * static_cast<double>(kWhole)));
  return n / kWhole * part + n % kWhole * part / kWhole;
}

ReplaySource::ReplaySource(std::unique_ptr<ExampleSource> own, std::unique_ptr<ExampleSource> replayed, double share)
    : own_(std::move(own)), replayed_(std::move(replayed)), share_(share) {
  size_ = static_cast<uint64_t>(static_cast<double>(own_->size()) / (1 - share));  // about; then exactly
  while (size_ - replayed_before(size_, share_) < own_->size()) ++size_;
  while (size_ > 1 && size_ - 1 - replayed_before(size_ - 1, share_) >= own_->size()) --size_;
}

uint64_t ReplaySource::tokens() const {
  const double passes = static_cast<double>(replayed_before(size_, share_)) /
                        static_cast<double>(std::max<uint64_t>(replayed_->size(), 1));
  return own_->tokens() + static_cast<uint64_t>(passes * static_cast<double>(replayed_->tokens()));
}

void ReplaySource::append(uint64_t n, Examples& out) const {
  const uint64_t before = replayed_before(n, share_);
  if (replayed_before(n + 1, share_) > before) replayed_->append(before, out);
  else own_->append(n - before, out);
}

}  // namespace malmoi::train
