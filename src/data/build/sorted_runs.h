// Sorting fixed-size records that may not fit in memory: sorted runs on disk, merged when read.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <queue>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::data {

/// Records of type T (trivially copyable, ordered by <). Add all, then finish(), then next() until it returns false.
/// Runs lie in unlinked temporary files, so that nothing stays behind however the process ends.
template <typename T>
class SortedRuns {
 public:
  SortedRuns(Path folder, uint64_t memory_bytes) : folder_(std::move(folder)), room_(std::max<uint64_t>(memory_bytes / sizeof(T), 1024)) {}

  Status add(const T& record) {
    records_.push_back(record);
    ++count_;
    return records_.size() >= room_ ? spill() : Status{};
  }

  Status finish() {
    std::sort(records_.begin(), records_.end());
    if (runs_.empty()) return {};
    MALMOI_TRY(spill());
    for (size_t i = 0; i < runs_.size(); ++i) {
      std::rewind(runs_[i].file.get());
      MALMOI_TRY(refill(i));
      if (runs_[i].at < runs_[i].buffer.size()) heads_.emplace(runs_[i].buffer[0], i);
    }
    return {};
  }

  Result<bool> next(T& out) {
    if (runs_.empty()) {
      if (at_ == records_.size()) return false;
      out = records_[at_++];
      return true;
    }
    if (heads_.empty()) return false;
    size_t i = heads_.top().second;
    out = heads_.top().first;
    heads_.pop();
    Run& run = runs_[i];
    if (++run.at == run.buffer.size()) MALMOI_TRY(refill(i));
    if (run.at < run.buffer.size()) heads_.emplace(run.buffer[run.at], i);
    return true;
  }

  uint64_t count() const { return count_; }
  size_t runs_on_disk() const { return runs_.size(); }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  struct Run {
    std::unique_ptr<std::FILE, Close> file;
    std::vector<T> buffer;
    size_t at = 0;
  };
  struct Later {
    bool operator()(const std::pair<T, size_t>& a, const std::pair<T, size_t>& b) const {
      return b.first < a.first || (!(a.first < b.first) && b.second < a.second);
    }
  };

  Status spill() {
    std::sort(records_.begin(), records_.end());
    Path path = folder_ / ("run-" + std::to_string(reinterpret_cast<uintptr_t>(this)) + "-" + std::to_string(runs_.size()) + ".tmp");
    std::FILE* file = std::fopen(path.c_str(), "w+b");
    if (!file) return io_error("cannot create", path.string(), errno);
    Run run;
    run.file.reset(file);
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    if (std::fwrite(records_.data(), sizeof(T), records_.size(), file) != records_.size() || std::fflush(file) != 0)
      return io_error("cannot write a sorted run", folder_.string(), errno);
    runs_.push_back(std::move(run));
    records_.clear();
    return {};
  }

  Status refill(size_t i) {
    Run& run = runs_[i];
    run.buffer.resize(std::max<size_t>(256, room_ / (runs_.size() + 1)));
    run.buffer.resize(std::fread(run.buffer.data(), sizeof(T), run.buffer.size(), run.file.get()));
    run.at = 0;
    return std::ferror(run.file.get()) ? io_error("cannot read a sorted run", folder_.string(), errno) : Status{};
  }

  Path folder_;
  uint64_t room_, count_ = 0;
  std::vector<T> records_;
  size_t at_ = 0;
  std::vector<Run> runs_;
  std::priority_queue<std::pair<T, size_t>, std::vector<std::pair<T, size_t>>, Later> heads_;
};

}  // namespace malmoi::data
