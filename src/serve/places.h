// Who holds what a server has a bounded number of: places of answers that run or wait, bytes of bodies that are read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace malmoi::serve {

/// One client may take all places while nobody else is there. Where they are full, a client that holds less than its share (the
/// limit over the number of clients, at least one place) is let in beyond them, so that one client's thousand requests keep
/// nobody out; whoever holds its share or more waits for places to come free. All together never hold more than twice the
/// limit. One thread.
class Places {
 public:
  explicit Places(int64_t limit) : limit_(limit) {}

  /// Takes `count` places; false, and none are taken, where the client must wait. `under_way`: answers that the provider still has,
  /// some of which nobody waits for any more.
  bool take(uint64_t client, int64_t count, int64_t under_way);
  void give_back(uint64_t client, int64_t count);
  int64_t held(uint64_t client) const;
  int64_t total() const { return total_; }

 private:
  static constexpr int64_t kMostBeyond = 2;  // times the limit

  int64_t limit_;
  int64_t total_ = 0;
  std::map<uint64_t, int64_t> held_;  // by those who hold any
};

/// Places for as long as it lives.
class PlacesHeld {
 public:
  static std::optional<PlacesHeld> take(Places& places, uint64_t client, int64_t count, int64_t under_way);
  int64_t count() const { return count_; }
  /// Takes so many more; as Places::take().
  bool grow(int64_t more);
  ~PlacesHeld();
  PlacesHeld(PlacesHeld&& other) noexcept;
  PlacesHeld& operator=(PlacesHeld&&) = delete;

 private:
  PlacesHeld(Places& places, uint64_t client, int64_t count) : places_(&places), client_(client), count_(count) {}

  Places* places_;  // null: given on
  uint64_t client_;
  int64_t count_;
};

}  // namespace malmoi::serve
