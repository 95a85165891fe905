// Scratch space of the dedupers: a folder that is removed at the end, files in it, and records sorted on disk.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::data {

/// Where a deduper may put what does not fit in memory. Each makes and removes a folder of its own inside `folder`.
struct Scratch {
  Path folder;                                // empty: the system's folder for temporary files
  uint64_t memory_bytes = uint64_t{1} << 30;  // for buffers and sorting
};

/// A folder of its own inside `parent` (the system's temporary folder if empty), removed with all it holds.
class ScratchFolder {
 public:
  static Result<std::shared_ptr<ScratchFolder>> create(const Path& parent);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  Path file(const std::string& name) const { return folder_ / name; }

 private:
  explicit ScratchFolder(Path folder) : folder_(std::move(folder)) {}
  Path folder_;
};

/// A file written once from the front and read anywhere. Its name is gone once it is open, so that nothing is left
/// behind by a process that is killed.
class ScratchFile {
 public:
  static Result<ScratchFile> create(const ScratchFolder& folder, const std::string& name);
  ScratchFile(ScratchFile&& other) noexcept;
  ScratchFile& operator=(ScratchFile&& other) noexcept;
  ~ScratchFile();

  Status append(const void* data, size_t size);
  Status flush();
  /// Reads exactly `size` bytes at `offset`; flush first.
  Status read(uint64_t offset, void* out, size_t size) const;
  uint64_t size() const { return size_; }

 private:
  explicit ScratchFile(int fd, std::string where) : fd_(fd), where_(std::move(where)) {}
  Status write(std::string_view bytes) const;
  int fd_ = -1;
  std::string where_;
  std::string buffer_;
  uint64_t size_ = 0;
};

/// An array that grows in its place: the system moves pages of large blocks rather than copy them, so that growing does
/// not take twice the memory for a while as std::vector does.
template <typename Record>
class GrowingArray {
  static_assert(std::is_trivially_copyable_v<Record>);

 public:
  GrowingArray() = default;
  GrowingArray(GrowingArray&& other) noexcept { swap(other); }
  GrowingArray& operator=(GrowingArray&& other) noexcept {
    swap(other);
    return *this;
  }
  ~GrowingArray() { std::free(data_); }

  /// Errors: the memory does not suffice.
  Status add(const Record& record, size_t limit) {
    if (size_ == capacity_) {
      size_t wanted = std::min(limit, capacity_ + capacity_ / 2 + 1024);
      void* grown = std::realloc(data_, wanted * sizeof(Record));
      if (grown == nullptr) return out_of_memory("no memory to sort in", "deduplication", "lower the memory limit");
      data_ = static_cast<Record*>(grown);
      capacity_ = wanted;
    }
    data_[size_++] = record;
    return {};
  }
  void clear() { size_ = 0; }
  Record* begin() { return data_; }
  Record* end() { return data_ + size_; }
  size_t size() const { return size_; }
  const Record& operator[](size_t i) const { return data_[i]; }

 private:
  void swap(GrowingArray& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }
  Record* data_ = nullptr;
  size_t size_ = 0, capacity_ = 0;
};

/// Records of fixed size, sorted by `<`, in a bounded amount of memory: sorted runs on disk, merged as they are read.
template <typename Record>
class ExternalSorter {
  static_assert(std::is_trivially_copyable_v<Record>);

 public:
  ExternalSorter(std::shared_ptr<ScratchFolder> folder, std::string name, uint64_t memory_bytes)
      : folder_(std::move(folder)),
        name_(std::move(name)),
        capacity_(std::max<uint64_t>(memory_bytes / sizeof(Record), 1024)) {}

  Status add(const Record& record) {
    MALMOI_TRY(records_.add(record, capacity_));
    ++count_;
    return records_.size() >= capacity_ ? spill() : Status{};
  }

  /// After the last add: from now on `next`.
  Status finish() {
    if (runs_.empty()) {
      std::sort(records_.begin(), records_.end());
      return {};
    }
    if (records_.size() > 0) MALMOI_TRY(spill());
    records_ = {};
    return start_merge();
  }

  /// The next record in order; false at the end.
  Result<bool> next(Record& out) {
    if (runs_.empty()) {
      if (position_ == records_.size()) return false;
      out = records_[position_++];
      return true;
    }
    if (heap_.empty()) return false;
    std::pop_heap(heap_.begin(), heap_.end(), later());
    size_t run = heap_.back();
    out = runs_[run].front();
    MALMOI_ASSIGN(bool more, advance(runs_[run]));
    if (more) std::push_heap(heap_.begin(), heap_.end(), later());
    else heap_.pop_back();
    return true;
  }

  /// Begins again at the first record.
  Status rewind() {
    position_ = 0;
    return runs_.empty() ? Status{} : start_merge();
  }

  uint64_t count() const { return count_; }
  size_t runs() const { return runs_.size(); }

 private:
  static constexpr size_t kMaxRuns = 256;

  struct Run {
    ScratchFile file;
    uint64_t read = 0;  // records taken from the file
    size_t at = 0;      // in the buffer
    std::vector<Record> buffer;
    const Record& front() const { return buffer[at]; }
    uint64_t total() const { return file.size() / sizeof(Record); }
  };

  auto later() {
    return [this](size_t a, size_t b) {
      if (runs_[b].front() < runs_[a].front()) return true;
      return !(runs_[a].front() < runs_[b].front()) && a > b;
    };
  }

  Status spill() {
    std::sort(records_.begin(), records_.end());
    MALMOI_ASSIGN(ScratchFile file, ScratchFile::create(*folder_, name_ + "." + std::to_string(made_++)));
    MALMOI_TRY(file.append(records_.begin(), records_.size() * sizeof(Record)));
    MALMOI_TRY(file.flush());
    runs_.push_back({std::move(file)});
    records_.clear();
    if (runs_.size() < kMaxRuns) return {};
    return merge_runs();
  }

  // Too many runs for one merge: makes one of them.
  Status merge_runs() {
    records_ = {};
    MALMOI_TRY(start_merge());
    MALMOI_ASSIGN(ScratchFile file, ScratchFile::create(*folder_, name_ + "." + std::to_string(made_++)));
    Record record;
    while (true) {
      MALMOI_ASSIGN(bool more, next(record));
      if (!more) break;
      MALMOI_TRY(file.append(&record, sizeof record));
    }
    MALMOI_TRY(file.flush());
    runs_.clear();
    runs_.push_back({std::move(file)});
    return {};
  }

  Status start_merge() {
    uint64_t each = std::clamp<uint64_t>(capacity_ / (2 * runs_.size()), 64, 1 << 20);
    heap_.clear();
    for (size_t i = 0; i < runs_.size(); ++i) {
      runs_[i].read = 0;
      runs_[i].at = 0;
      runs_[i].buffer.assign(each, Record{});
      runs_[i].at = runs_[i].buffer.size() - 1;
      MALMOI_ASSIGN(bool more, advance(runs_[i]));
      if (more) heap_.push_back(i);
    }
    std::make_heap(heap_.begin(), heap_.end(), later());
    return {};
  }

  Result<bool> advance(Run& run) {
    if (++run.at < run.buffer.size()) return true;
    uint64_t left = run.total() - run.read;
    if (left == 0) return false;
    run.buffer.resize(std::min<uint64_t>(run.buffer.size(), left));
    MALMOI_TRY(run.file.read(run.read * sizeof(Record), run.buffer.data(), run.buffer.size() * sizeof(Record)));
    run.read += run.buffer.size();
    run.at = 0;
    return true;
  }

  std::shared_ptr<ScratchFolder> folder_;
  std::string name_;
  uint64_t capacity_;
  GrowingArray<Record> records_;
  size_t position_ = 0;
  uint64_t count_ = 0;
  uint64_t made_ = 0;
  std::vector<Run> runs_;
  std::vector<size_t> heap_;
};

}  // namespace malmoi::data
