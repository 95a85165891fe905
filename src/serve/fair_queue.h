// Work of many clients for few threads: clients take turns, so that nobody waits until all is done that another one has asked for.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

namespace malmoi::serve {

/// A client whose work was begun comes next when every other client that has some has had its turn (round robin). What one client
/// asks for is begun in the order in which it came. Thread-safe.
class FairQueue {
 public:
  struct Work {
    std::function<void()> run;   // must not throw
    std::function<void()> done;  // called behind it on the same thread, once it is gone and counted no more
  };

  /// The number is for drop().
  uint64_t add(uint64_t client, Work work);
  /// Takes away what has not begun; of what has, or was dropped before, nothing happens.
  void drop(uint64_t client, uint64_t number);
  /// Takes away all that has not begun.
  void clear();
  /// Runs the work whose turn it is; where there is none, nothing happens.
  void run_next();
  /// How much waits or runs.
  int64_t size() const;

 private:
  struct Waiting {
    uint64_t number;
    Work work;
  };
  std::optional<Work> begin_next();

  mutable std::mutex mutex_;
  std::map<uint64_t, std::deque<Waiting>> waiting_;  // of clients that have any; guarded by mutex_, as all below
  std::deque<uint64_t> turns_;                       // the same clients, in the order in which they come
  uint64_t last_number_ = 0;
  int64_t size_ = 0;
};

}  // namespace malmoi::serve
