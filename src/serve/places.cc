#include "serve/places.h"

#include <algorithm>
#include <utility>

namespace malmoi::serve {

int64_t Places::held(uint64_t client) const {
  const auto found = held_.find(client);
  return found == held_.end() ? 0 : found->second;
}

bool Places::take(uint64_t client, int64_t count, int64_t under_way) {
  const int64_t mine = held(client), all = std::max(total_, under_way);
  if (all + count > limit_) {
    const auto others = static_cast<int64_t>(held_.size()) - (mine > 0 ? 1 : 0);
    const int64_t share = std::max<int64_t>(limit_ / (others + 1), 1);
    if (others == 0 || mine + count > share || all + count > kMostBeyond * limit_) return false;
  }
  if (count > 0) held_[client] = mine + count;
  total_ += count;
  return true;
}

void Places::give_back(uint64_t client, int64_t count) {
  total_ -= count;
  const auto found = held_.find(client);
  if (found == held_.end()) return;
  found->second -= count;
  if (found->second <= 0) held_.erase(found);
}

std::optional<PlacesHeld> PlacesHeld::take(Places& places, uint64_t client, int64_t count, int64_t under_way) {
  if (!places.take(client, count, under_way)) return {};
  return PlacesHeld(places, client, count);
}

bool PlacesHeld::grow(int64_t more) {
  if (!places_->take(client_, more, 0)) return false;
  count_ += more;
  return true;
}

PlacesHeld::PlacesHeld(PlacesHeld&& other) noexcept
    : places_(std::exchange(other.places_, nullptr)), client_(other.client_), count_(other.count_) {}

PlacesHeld::~PlacesHeld() {
  if (places_) places_->give_back(client_, count_);
}

}  // namespace malmoi::serve
