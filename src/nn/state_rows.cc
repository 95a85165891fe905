#include "nn/state_rows.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace malmoi::nn {

// A page whose earlier rows somebody else reads is copied before a later row of it is written.
bool RowPages::copies(int64_t row) const {
  return row % kPageRows != 0 && index_of(row) < pages_.size() && pages_[index_of(row)]->owners > 1;
}

int64_t RowPages::wanted(int64_t from, int64_t to) const {
  if (to <= from) return 0;
  int64_t have = first_ + static_cast<int64_t>(pages_.size());
  return std::max<int64_t>(0, pages_for(to) - have) + (copies(from) ? 1 : 0);
}

void RowPages::set(size_t index, StatePage* page) {
  pages_[index] = page;
  keys_[index] = page->data;
  values_[index] = page->data + key_bytes_ * kPageRows;
}

void RowPages::extend(int64_t from, int64_t to, std::vector<StatePage*>& pages, PageStore& store) {
  int64_t wanted_pages = wanted(from, to);
  if (wanted_pages > 0 && copies(from)) {
    size_t index = index_of(from);
    const std::byte* old = pages_[index]->data;
    std::byte* copy = pages.back()->data;
    auto rows = static_cast<size_t>(from % kPageRows);
    std::memcpy(copy, old, rows * key_bytes_);
    std::memcpy(copy + key_bytes_ * kPageRows, old + key_bytes_ * kPageRows, rows * value_bytes_);
    store.give_back(pages_[index]);
    set(index, pages.back());
    pages.pop_back();
    --wanted_pages;
  }
  for (; wanted_pages > 0; --wanted_pages) {
    pages_.emplace_back();
    keys_.emplace_back();
    values_.emplace_back();
    set(pages_.size() - 1, pages.back());
    pages.pop_back();
  }
}

void RowPages::write(int64_t row, const void* k, size_t k_stride, const void* v, size_t v_stride, int64_t n) {
  const auto* key = static_cast<const std::byte*>(k);
  const auto* value = static_cast<const std::byte*>(v);
  for (int64_t i = 0; i < n; ++i, key += k_stride, value += v_stride) {
    assert(index_of(row + i) < pages_.size());
    std::byte* page = pages_[index_of(row + i)]->data;
    auto at = static_cast<size_t>((row + i) % kPageRows);
    std::memcpy(page + at * key_bytes_, key, key_bytes_);
    if (value_bytes_ > 0) std::memcpy(page + key_bytes_ * kPageRows + at * value_bytes_, value, value_bytes_);
  }
}

void RowPages::keep(int64_t from, int64_t to, PageStore& store) {
  auto count = static_cast<int64_t>(pages_.size());
  int64_t head = std::clamp<int64_t>(from / kPageRows - first_, 0, count);
  int64_t tail = std::clamp<int64_t>(pages_for(to) - first_, head, count);
  for (int64_t i = 0; i < count; ++i) {
    if (i < head || i >= tail) store.give_back(pages_[static_cast<size_t>(i)]);
  }
  auto cut = [&](auto& all) {
    all.erase(all.begin() + tail, all.end());
    all.erase(all.begin(), all.begin() + head);
  };
  cut(pages_);
  cut(keys_);
  cut(values_);
  first_ += head;
}

void RowPages::clear(PageStore& store) {
  for (StatePage* page : pages_) store.give_back(page);
  pages_.clear();
  keys_.clear();
  values_.clear();
  first_ = 0;
}

RowPages RowPages::share(int64_t to) const {
  RowPages other = *this;
  size_t count = std::min(pages_.size(), static_cast<size_t>(std::max<int64_t>(0, pages_for(to) - first_)));
  other.pages_.resize(count);
  other.keys_.resize(count);
  other.values_.resize(count);
  for (StatePage* page : other.pages_) PageStore::share(page);
  return other;
}

KeyPages RowPages::view(int64_t to) const {
  const auto& values = value_bytes_ > 0 ? values_ : keys_;
  return {.k_pages = keys_.data(), .v_pages = values.data(), .length = to - begin(), .begin = begin()};
}

}  // namespace malmoi::nn
