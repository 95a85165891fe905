// The pages of one slot of one sequence: rows of keys and values, first to last.
#pragma once

#include <cstdint>
#include <vector>

#include "nn/state.h"
#include "nn/state_pages.h"

namespace malmoi::nn {

/// Row r stands in page r / kPageRows of the sequence; pages before first_ were given back. Keys of a page come before
/// its values. Owns one share of each page; whoever holds it gives them back.
class RowPages {
 public:
  static constexpr int64_t kPageRows = StatePool::kPageRows;
  /// Bytes of a row's keys and of its values; without values of their own, these are read from the keys.
  RowPages(size_t key_bytes, size_t value_bytes) : key_bytes_(key_bytes), value_bytes_(value_bytes) {}

  static int64_t pages_for(int64_t rows) { return (rows + kPageRows - 1) / kPageRows; }
  size_t page_bytes() const { return (key_bytes_ + value_bytes_) * kPageRows; }
  size_t bytes() const { return pages_.size() * page_bytes(); }
  int64_t begin() const { return first_ * kPageRows; }

  /// Pages that must be had before rows [from, to) can be written: new ones, and one for a copy of a shared one.
  int64_t wanted(int64_t from, int64_t to) const;
  /// Takes what was wanted from the end of `pages`.
  void extend(int64_t from, int64_t to, std::vector<StatePage*>& pages, PageStore& store);
  void write(int64_t row, const void* k, size_t k_stride, const void* v, size_t v_stride, int64_t n);
  /// Gives back the pages that hold nothing of rows [from, to).
  void keep(int64_t from, int64_t to, PageStore& store);
  void clear(PageStore& store);
  /// The pages of rows below `to`, shared.
  RowPages share(int64_t to) const;
  /// Rows below `to`.
  KeyPages view(int64_t to) const;

 private:
  bool copies(int64_t row) const;
  void set(size_t index, StatePage* page);
  size_t index_of(int64_t row) const { return static_cast<size_t>(row / kPageRows - first_); }

  size_t key_bytes_, value_bytes_;
  int64_t first_ = 0;
  std::vector<StatePage*> pages_;
  std::vector<const void*> keys_, values_;  // where each page's begin
};

}  // namespace malmoi::nn
