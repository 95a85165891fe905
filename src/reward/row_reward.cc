#include "reward/row_reward.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/shown.h"

namespace malmoi::reward {
namespace {

// Rows are taken one by one; the first error ends the work.
class RowWork {
 public:
  explicit RowWork(size_t rows) : rows_(rows) {}

  template <typename Judge>
  void take(const Judge& judge) {
    for (size_t i = next_++; i < rows_; i = next_++) {
      Status done = judged(judge, i);
      if (done.ok()) continue;
      std::lock_guard lock(mutex_);
      if (error_.ok()) error_ = std::move(done);
      next_ = rows_;
    }
  }
  Status error() const { return error_; }

 private:
  template <typename Judge>
  static Status judged(const Judge& judge, size_t i) {
    try {
      return judge(i);
    } catch (const std::exception& failure) {
      return out_of_memory(failure.what(), "rewards", "judge fewer or shorter answers at a time");
    }
  }

  size_t rows_;
  std::atomic<size_t> next_{0};
  std::mutex mutex_;
  Status error_;
};

template <typename Judge>
Status judge_rows(size_t rows, int workers, const Judge& judge) {
  RowWork work(rows);
  std::vector<std::thread> threads;
  try {
    for (size_t i = 1; i < std::min(rows, static_cast<size_t>(std::max(workers, 1))); ++i)
      threads.emplace_back([&] { work.take(judge); });
  } catch (const std::system_error&) {  // those that there are do it all
  }
  work.take(judge);
  for (std::thread& thread : threads) thread.join();
  return work.error();
}

std::string shown_column(const std::string& column) { return "the row's column '" + show_controls(column) + "'"; }

Result<std::string> scalar_text(const Json& value, const std::string& column) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return dump_json(value);
  return invalid_data(shown_column(column) + " holds no text", "", "name another column");
}

}  // namespace

Result<RewardResult> RowReward::judge(std::span<const RewardInput> batch, const StopToken& stop) {
  RewardResult result(batch.size());
  MALMOI_TRY(judge_rows(batch.size(), workers(), [&](size_t i) -> Status {
    MALMOI_TRY(stop.check("rewards"));
    MALMOI_ASSIGN(result[i], judge_one(batch[i], stop));
    return {};
  }));
  return result;
}

Result<const Json*> column_value(const Json& row, const std::string& column) {
  if (row.is_object()) {
    if (auto found = row.find(column); found != row.end() && !found->is_null()) return &*found;
  }
  return invalid_data(shown_column(column) + " is not there", "", "name the column that holds it");
}

Result<std::string> column_text(const Json& row, const std::string& column) {
  MALMOI_ASSIGN(const Json* value, column_value(row, column));
  return scalar_text(*value, column);
}

Result<std::vector<std::string>> column_texts(const Json& row, const std::string& column) {
  MALMOI_ASSIGN(const Json* value, column_value(row, column));
  std::vector<std::string> texts;
  if (!value->is_array()) {
    MALMOI_ASSIGN(texts.emplace_back(), scalar_text(*value, column));
    return texts;
  }
  for (const Json& item : *value) {
    MALMOI_ASSIGN(texts.emplace_back(), scalar_text(item, column));
  }
  if (texts.empty()) return invalid_data(shown_column(column) + " is an empty list", "", "give at least one");
  return texts;
}

}  // namespace malmoi::reward
