#include "data/dedup/shingle_sets.h"

#include <algorithm>
#include <bit>

namespace malmoi::data {
namespace {

void insertion_sort(uint64_t* begin, uint64_t* end) {
  for (uint64_t* i = begin; i < end; ++i) {
    uint64_t value = *i;
    uint64_t* at = i;
    for (; at > begin && at[-1] > value; --at) *at = at[-1];
    *at = value;
  }
}

}  // namespace

size_t sorted_set(std::span<const uint64_t> hashes, uint64_t* out) {
  // About four hashes a bucket; a bucket of many (a repeated n-gram) is left to the library.
  constexpr int kMaxBits = 16;
  constexpr std::ptrdiff_t kFew = 24;
  int bits = std::clamp(static_cast<int>(std::bit_width(hashes.size())) - 2, 1, kMaxBits);
  int shift = 64 - bits;
  thread_local std::vector<uint32_t> ends;
  ends.assign((size_t{1} << bits) + 1, 0);
  for (uint64_t h : hashes) ++ends[(h >> shift) + 1];
  for (size_t b = 1; b < ends.size(); ++b) ends[b] += ends[b - 1];
  for (uint64_t h : hashes) out[ends[h >> shift]++] = h;
  uint32_t begin = 0;
  for (size_t b = 0; b + 1 < ends.size(); ++b) {
    if (uint64_t* first = out + begin, *last = out + ends[b]; last - first <= kFew) insertion_sort(first, last);
    else std::sort(first, last);
    begin = ends[b];
  }
  return static_cast<size_t>(std::unique(out, out + hashes.size()) - out);
}

double jaccard_from(std::span<const uint64_t> a, std::span<const uint64_t> b, double threshold) {
  if (a.empty() && b.empty()) return 1.0;
  auto total = static_cast<double>(a.size() + b.size());
  // J >= t needs at least t / (1 + t) of the elements of both sets in common; one less, for the sake of rounding.
  double needed = threshold / (1 + threshold) * total - 1;
  size_t i = 0, j = 0, both = 0;
  auto hopeless = [&] { return static_cast<double>(both + std::min(a.size() - i, b.size() - j)) < needed; };
  auto step = [&] {
    uint64_t x = a[i], y = b[j];
    both += x == y;
    i += x <= y;
    j += y <= x;
  };
  constexpr size_t kSteps = 16;
  while (i + kSteps <= a.size() && j + kSteps <= b.size()) {
    if (hopeless()) return 0;
    for (size_t k = 0; k < kSteps; ++k) step();
  }
  while (i < a.size() && j < b.size()) step();
  double index = static_cast<double>(both) / (total - static_cast<double>(both));
  return index < threshold ? 0 : index;
}

void ShingleSets::start(std::span<const uint64_t> documents) {
  documents_ = documents;
  clear();
}

void ShingleSets::clear() {
  places_.assign(documents_.size(), {});
  used_ = 0;
}

Result<uint64_t> ShingleSets::missing(size_t position) const {
  if (places_[position].size != kNone) return 0;
  uint64_t count = 0;
  MALMOI_TRY(file_.file.read(file_.offsets[documents_[position]], &count, sizeof count));
  return count;
}

Status ShingleSets::load(size_t position, uint64_t count) {
  if (places_[position].size != kNone) return {};
  if (raw_.size() < count) raw_.resize(count);
  if (pool_.size() < used_ + count) pool_.resize(std::max(used_ + count, pool_.size() + pool_.size() / 2));
  uint64_t offset = file_.offsets[documents_[position]] + sizeof count;
  MALMOI_TRY(file_.file.read(offset, raw_.data(), count * sizeof(uint64_t)));
  places_[position] = {used_, sorted_set({raw_.data(), count}, pool_.data() + used_)};
  used_ += places_[position].size;
  return {};
}

Result<double> ShingleSets::compare(size_t a, size_t b, double threshold) {
  uint64_t room = file_.cache_bytes / sizeof(uint64_t) / 3;  // a hash is held twice while its set is made
  MALMOI_ASSIGN(uint64_t count_a, missing(a));
  MALMOI_ASSIGN(uint64_t count_b, missing(b));
  if (used_ > 0 && used_ + count_a + count_b > room) {
    clear();
    MALMOI_ASSIGN(count_a, missing(a));
    MALMOI_ASSIGN(count_b, missing(b));
  }
  std::unique_lock lock(file_.large, std::defer_lock);
  if (count_a + count_b > room) lock.lock();
  MALMOI_TRY(load(a, count_a));
  MALMOI_TRY(load(b, count_b));
  double index = jaccard_from(set(a), set(b), threshold);
  if (lock.owns_lock()) {
    clear();
    pool_ = {};
    raw_ = {};
  }
  return index;
}

}  // namespace malmoi::data
