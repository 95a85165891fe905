#include "serve/fair_queue.h"

#include <algorithm>
#include <utility>

namespace malmoi::serve {

uint64_t FairQueue::add(uint64_t client, Work work) {
  std::lock_guard lock(mutex_);
  std::deque<Waiting>& mine = waiting_[client];
  if (mine.empty()) turns_.push_back(client);
  mine.push_back({++last_number_, std::move(work)});
  ++size_;
  return last_number_;
}

void FairQueue::drop(uint64_t client, uint64_t number) {
  Work dropped;  // goes away without the lock: it may hold much
  std::lock_guard lock(mutex_);
  const auto mine = waiting_.find(client);
  if (mine == waiting_.end()) return;
  const auto found = std::ranges::find(mine->second, number, &Waiting::number);
  if (found == mine->second.end()) return;
  dropped = std::move(found->work);
  mine->second.erase(found);
  --size_;
  if (!mine->second.empty()) return;
  waiting_.erase(mine);
  std::erase(turns_, client);
}

void FairQueue::clear() {
  std::map<uint64_t, std::deque<Waiting>> dropped;
  std::lock_guard lock(mutex_);
  dropped.swap(waiting_);
  turns_.clear();
  for (const auto& [client, works] : dropped) size_ -= static_cast<int64_t>(works.size());
}

std::optional<FairQueue::Work> FairQueue::begin_next() {
  std::lock_guard lock(mutex_);
  if (turns_.empty()) return {};
  const uint64_t client = turns_.front();
  turns_.pop_front();
  const auto mine = waiting_.find(client);
  Work work = std::move(mine->second.front().work);
  mine->second.pop_front();
  if (mine->second.empty()) waiting_.erase(mine);
  else turns_.push_back(client);
  return work;
}

void FairQueue::run_next() {
  std::optional<Work> work = begin_next();
  if (!work) return;
  work->run();
  work->run = nullptr;
  {
    std::lock_guard lock(mutex_);
    --size_;
  }
  work->done();
}

int64_t FairQueue::size() const {
  std::lock_guard lock(mutex_);
  return size_;
}

}  // namespace malmoi::serve
