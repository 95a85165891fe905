// Blocks of memory that sequences own alone or together: counted, reused, bounded in bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace malmoi::nn {

/// One block: a page of keys and values, or the elements of a recurrence.
struct StatePage {
  std::byte* data = nullptr;  // aligned to 64 bytes
  size_t bytes = 0;
  int32_t owners = 0;
};

/// Takes blocks from the system when they are wanted, keeps those given back for the next who wants one of their size,
/// and never holds more than the budget. One thread at a time.
class PageStore {
 public:
  explicit PageStore(size_t budget) : budget_(budget) {}
  PageStore(const PageStore&) = delete;
  PageStore& operator=(const PageStore&) = delete;
  ~PageStore();

  size_t budget() const { return budget_; }
  size_t in_use() const { return in_use_; }
  size_t left() const { return budget_ - in_use_; }
  /// A block with one owner, its bytes not set. Null where the budget or the system has no room for it.
  StatePage* take(size_t bytes);
  static StatePage* share(StatePage* page) { return ++page->owners, page; }
  /// One owner lets go; null is passed over.
  void give_back(StatePage* page);

 private:
  void release_idle();

  size_t budget_;
  size_t in_use_ = 0;                               // of blocks that have owners
  size_t held_ = 0;                                 // of these and the idle ones
  std::map<size_t, std::vector<StatePage*>> idle_;  // by size
};

}  // namespace malmoi::nn
