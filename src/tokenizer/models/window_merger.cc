#include "tokenizer/models/window_merger.h"

#include <array>
#include <bit>
#include <limits>

namespace malmoi::tokenizer {
namespace {

constexpr int kPlaceBits = std::countr_zero(kWindowPlaces);
constexpr int32_t kNone = std::numeric_limits<int32_t>::max();

// Four numbers at once on any machine that has them.
using Four = int32_t __attribute__((vector_size(16)));

class WindowMerger {
 public:
  WindowMerger(const MergeTable& table, std::span<const Symbol> symbols)
      : table_(table), count_(static_cast<uint32_t>(symbols.size())) {
    for (uint32_t i = 0; i < count_; ++i) {
      ids_[i] = symbols[i].id;
      next_[i] = static_cast<uint8_t>(i + 1);
      previous_[i] = static_cast<uint8_t>(i - 1);
    }
    for (uint32_t i = 0; i + 1 < count_; ++i) offer(i);
    for (uint32_t i = count_ - 1; i < rounded(); ++i) keys()[i] = kNone;
    left_ = count_;
  }

  std::optional<std::pair<int32_t, int32_t>> last_pair() {
    for (int32_t key = lowest(); key != kNone; key = lowest()) {
      if (left_ == 2) return std::pair{ids_[0], ids_[next_[0]]};
      merge(static_cast<uint32_t>(key) % kWindowPlaces);
    }
    return std::nullopt;
  }

  void run(std::vector<MergedPart>& parts) {
    for (int32_t key = lowest(); key != kNone; key = lowest()) merge(static_cast<uint32_t>(key) % kWindowPlaces);
    for (uint32_t i = 0; i < count_; i = next_[i]) parts.push_back({ids_[i], i});
  }

 private:
  uint32_t rounded() const { return (count_ + 3) & ~3u; }
  int32_t* keys() { return reinterpret_cast<int32_t*>(keys_.data()); }

  int32_t lowest() const {
    Four least = {kNone, kNone, kNone, kNone};
    for (uint32_t i = 0; i < rounded() / 4; ++i) least = keys_[i] < least ? keys_[i] : least;
    return std::min(std::min(least[0], least[1]), std::min(least[2], least[3]));
  }

  void merge(uint32_t at) {
    const uint32_t right = next_[at], after = next_[right];
    --left_;
    ids_[at] = table_.product(ids_[at], ids_[right], static_cast<uint32_t>(keys()[at]) >> kPlaceBits);
    next_[at] = static_cast<uint8_t>(after);
    keys()[right] = kNone;
    if (after < count_) {
      previous_[after] = static_cast<uint8_t>(at);
      offer(at);
    } else {
      keys()[at] = kNone;
    }
    if (at > 0) offer(previous_[at]);
  }

  // The key of the pair that begins at `at`: its rank, then its place, so that the least key is the next to merge.
  void offer(uint32_t at) {
    const uint32_t rank = table_.rank_of(ids_[at], ids_[next_[at]]);
    keys()[at] = rank == MergeTable::kNoRank ? kNone : static_cast<int32_t>(rank << kPlaceBits | at);
  }

  const MergeTable& table_;
  uint32_t count_, left_ = 0;
  std::array<Four, kWindowPlaces / 4> keys_;
  std::array<int32_t, kWindowPlaces> ids_;
  std::array<uint8_t, kWindowPlaces> next_, previous_;
};

}  // namespace

void merge_window(const MergeTable& table, std::span<const Symbol> symbols, std::vector<MergedPart>& parts) {
  if (symbols.size() == 1) parts.push_back({symbols[0].id, 0});
  if (symbols.size() > 1) WindowMerger(table, symbols).run(parts);
}

std::optional<std::pair<int32_t, int32_t>> last_pair(const MergeTable& table, std::span<const Symbol> symbols) {
  return symbols.size() > 1 ? WindowMerger(table, symbols).last_pair() : std::nullopt;
}

}  // namespace malmoi::tokenizer
