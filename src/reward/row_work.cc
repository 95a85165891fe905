#include "reward/row_work.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace malmoi::reward {
namespace {

using JudgeRow = std::function<Status(size_t row, size_t worker)>;

class RowWork {
 public:
  RowWork(size_t rows, const JudgeRow& judge) : rows_(rows), judge_(judge) {}

  void take(size_t worker) {
    for (size_t row = next_++; row < rows_; row = next_++) {
      Status done = judged(row, worker);
      if (done.ok()) continue;
      std::lock_guard lock(mutex_);
      if (error_.ok()) error_ = std::move(done);
      next_ = rows_;
    }
  }
  Status error() const { return error_; }

 private:
  Status judged(size_t row, size_t worker) const {
    try {
      return judge_(row, worker);
    } catch (const std::exception& failure) {
      return out_of_memory(failure.what(), "rewards", "judge fewer or shorter answers at a time");
    }
  }

  size_t rows_;
  const JudgeRow& judge_;
  std::atomic<size_t> next_{0};
  std::mutex mutex_;
  Status error_;
};

}  // namespace

Status judge_rows(size_t rows, size_t workers, const JudgeRow& judge) {
  RowWork work(rows, judge);
  std::vector<std::thread> threads;
  try {
    for (size_t worker = 1; worker < std::min(rows, workers); ++worker)
      threads.emplace_back([&work, worker] { work.take(worker); });
  } catch (const std::system_error&) {  // those that there are do it all
  }
  work.take(0);
  for (std::thread& thread : threads) thread.join();
  return work.error();
}

}  // namespace malmoi::reward
