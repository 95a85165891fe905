// What a crawl has found: tasks that wait and URLs that are known, in bounded memory, the rest in scratch files.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/hash.h"
#include "data/crawl/task.h"
#include "data/dedup/scratch.h"

namespace malmoi::data {

/// The tasks of one host, first in, first out. Those beyond `held` lie on disk until those before are done.
class TaskQueue {
 public:
  static constexpr size_t kHeld = 256;
  TaskQueue() = default;
  TaskQueue(std::shared_ptr<ScratchFolder> folder, std::string name, size_t held = kHeld)
      : folder_(std::move(folder)), name_(std::move(name)), held_(held) {}

  bool empty() const { return front_.empty(); }
  uint64_t size() const { return front_.size() + stored_; }
  size_t in_memory() const { return front_.size(); }
  /// Errors: the scratch.
  Status push(Task task);
  /// The first; not of an empty queue.
  Result<Task> pop();

 private:
  Status refill();
  std::shared_ptr<ScratchFolder> folder_;
  std::string name_;
  size_t held_ = kHeld;
  std::deque<Task> front_;
  std::optional<ScratchFile> file_;
  uint64_t stored_ = 0, read_ = 0;  // tasks in the file, and the bytes of it that are done with
};

/// A set of URLs by their hashes of 128 bits: up to `held` in memory, the others sorted in a file.
class UrlSet {
 public:
  static constexpr size_t kHeld = size_t{1} << 20;  // about 50 MiB
  explicit UrlSet(std::shared_ptr<ScratchFolder> folder = {}, size_t held = kHeld)
      : folder_(std::move(folder)), held_(held) {}

  /// Adds it; false where it was in already. Errors: the scratch.
  Result<bool> insert(const std::string& url);
  uint64_t size() const { return fresh_.size() + sorted_; }
  size_t in_memory() const { return fresh_.size(); }

 private:
  struct Hasher {
    size_t operator()(const Hash128& hash) const { return static_cast<size_t>(hash.low); }
  };
  Result<bool> is_sorted_in(const Hash128& hash) const;
  Status merge();
  std::shared_ptr<ScratchFolder> folder_;
  size_t held_;
  std::unordered_set<Hash128, Hasher> fresh_;
  std::optional<ScratchFile> file_;
  uint64_t sorted_ = 0;  // hashes in the file
};

}  // namespace malmoi::data
