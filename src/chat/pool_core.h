// What a pool shares with the requests that hold its models: the models' states, and the thread that loads and frees them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "chat/provider_pool.h"

namespace malmoi::chat {

using HeldProvider = std::shared_ptr<Provider>;

/// From now to a moment of monotonic_seconds(), for waits.
std::chrono::duration<double> seconds_until(double moment);

/// Functions of providers are called without the lock: an engine tells its answers to whoever holds it, and its end waits
/// for its thread. All but run() may be called from any thread.
class ProviderPool::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(std::vector<PooledModel> models, PoolOptions options);

  /// Loads, frees and looks at files until drain().
  void run();
  void hold(const std::string& model, HeldSink done, StopToken cancel);
  Status try_again(const std::string& model);
  Status unload(const std::string& model);
  void look_again();
  std::vector<ModelInfo> models();
  /// Of each model, what is known; and what is in memory, the version that is served last, where there is one.
  struct Seen {
    ModelStatus status;
    std::vector<HeldProvider> versions = {};
    bool serves = false;  // the last of them
  };
  std::vector<Seen> see();
  void drain(double seconds);
  /// Frees all models, whoever holds them.
  void end();

 private:
  struct Entry;
  struct Version {
    HeldProvider provider = {};
    ModelInfo info = {};
    size_t bytes = 0;
    std::string files = {};  // that it was read from
    Entry* entry = nullptr;
    int64_t uses = 0;  // by those who hold it
  };
  struct Waiter {
    HeldSink done;
    StopToken cancel;
  };
  struct Entry {
    PooledModel model;
    std::unique_ptr<Version> current = {};  // null: not loaded
    std::vector<Waiter> waiters = {};
    bool queued = false, loading = false;
    bool reload = false;              // queued for a new version
    bool refused = false;             // what is loaded is broken, as was last seen
    bool leaving = false;             // gives its place to another as soon as its answers are whole
    std::optional<Error> error = {};  // of the last try to load it, or its new version
    int failures = 0;                 // of tries, one behind another
    double retry_at = 0;              // monotonic seconds
    std::string seen = {};            // other files than those of `current`
    double seen_at = 0;               // since when
    uint64_t turn = 0;                // of its last use: the lowest is the longest ago
    int64_t last_used = 0;            // seconds since 1970
    ProviderStats past = {};          // of versions that are freed
  };
  using Lock = std::unique_lock<std::mutex>;

  static Error stopping_error();
  static void count_as_past(Entry& entry, const ProviderStats& stats);
  Entry* find(const std::string& model);
  HeldProvider lease(Version& version);
  void release(Version& version);
  static bool is_there(const Waiter& waiter) { return !waiter.cancel.requested(); }
  static std::vector<Waiter> take_gone(Entry& entry);
  void touch(Entry& entry);
  void queue(Entry& entry);
  void retire(Entry& entry);
  static void say(Lock& lock, const LineReceiver& receiver, const std::string& line);
  void free_retired(Lock& lock);
  void look(Lock& lock, bool at_once);
  void load(Entry& entry, Lock& lock);
  Result<std::unique_ptr<Version>> open(Entry& entry, Lock& lock);
  void install(Entry& entry, std::unique_ptr<Version> opened, Lock& lock);
  void fail(Entry& entry, Error error, Lock& lock);
  void tell(Entry& entry, Lock& lock);
  void end_waits(std::vector<Waiter> waiters, std::vector<Result<HeldProvider>> answers, Lock& lock);
  Status make_room(Entry& entry, size_t bytes, Lock& lock);
  Status check_could_fit(const Entry& entry, size_t bytes) const;
  bool fits(const Entry& entry, size_t bytes) const;
  size_t bytes_in_memory() const;
  Entry* least_used(const Entry& wanted, bool idle) const;
  bool is_waited_for(const Entry& entry) const;
  void ask_for_place(const Entry& wanted);
  void stay(const Entry& wanted);
  Error explain(const Entry& entry) const;

  const PoolOptions options_;
  std::mutex mutex_;
  std::condition_variable wake_;  // of the pool's thread
  std::condition_variable told_;  // `telling_` has ended
  std::vector<std::unique_ptr<Entry>>
      entries_;  // their number is constant; what they hold is guarded by mutex_, as all below
  std::deque<Entry*> queue_;
  std::vector<std::unique_ptr<Version>> retired_;  // served no more, and freed once nobody holds them
  uint64_t turns_ = 0;
  bool stopping_ = false, look_asked_ = false;
  bool telling_ = false;  // those who waited are being called, or ended
};

}  // namespace malmoi::chat
