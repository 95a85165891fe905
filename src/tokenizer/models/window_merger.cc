#include "tokenizer/models/window_merger.h"

#include <array>
#include <bit>
#include <limits>

namespace malmoi::tokenizer {
namespace {

constexpr int kPlaceBits = std::countr_zero(kWindowPlaces);
constexpr int32_t kNoMerge = std::numeric_limits<int32_t>::max();

// Four numbers at once on any machine that has them.
using Four = int32_t __attribute__((vector_size(16)));

// What branches there are on a pair ask only whether it merges: each is guessed wrong about half of the time.
class WindowMerger {
 public:
  // `id_at(i)`: the i-th of `count` symbols.
  template <typename IdAt>
  WindowMerger(const MergeTable& table, size_t count, IdAt&& id_at)
      : table_(table), count_(static_cast<uint32_t>(count)), left_(count_) {
    for (uint32_t i = 0; i < count_; ++i) {
      ids_[i] = id_at(i);
      next_[i] = static_cast<uint8_t>(i + 1);
      previous_[i + 1] = static_cast<uint8_t>(i);
    }
    ids_[count_] = ids_[kBefore] = kNoId;
    previous_[0] = kBefore;
    for (uint32_t i = 0; i < rounded(); ++i) keys()[i] = i + 1 < count_ ? key_at(i, i + 1) : kNoMerge;
    least_ = lowest();
  }

  std::optional<std::pair<int32_t, int32_t>> last_pair() {
    for (; least_ != kNoMerge; merge_least())
      if (left_ == 2) return std::pair{ids_[0], ids_[next_[0]]};
    return std::nullopt;
  }

  // Calls take(id, i) for each that is left, the first of whose symbols was the i-th.
  template <typename Take>
  void run(Take&& take) {
    while (least_ != kNoMerge) merge_least();
    for (uint32_t i = 0; i < count_; i = next_[i]) take(ids_[i], i);
  }

 private:
  // Stands before the first symbol, as `count_` does behind the last; merges with nothing.
  static constexpr uint32_t kBefore = kWindowPlaces + 4;
  static constexpr int32_t kNoId = -1;

  uint32_t rounded() const { return (count_ + 3) & ~3u; }
  int32_t* keys() { return reinterpret_cast<int32_t*>(keys_.data()); }

  int32_t lowest() const {
    Four least = {kNoMerge, kNoMerge, kNoMerge, kNoMerge};
    for (uint32_t i = 0; i < rounded() / 4; ++i) least = keys_[i] < least ? keys_[i] : least;
    return std::min(std::min(least[0], least[1]), std::min(least[2], least[3]));
  }

  // The pairs that change are left out of the search for the lowest of the others, which then need not wait for their ranks.
  void merge_least() {
    const uint32_t at = static_cast<uint32_t>(least_) % kWindowPlaces;
    const uint32_t right = next_[at], after = next_[right], before = previous_[at];
    ids_[at] = table_.product(ids_[at], ids_[right], static_cast<uint32_t>(least_) >> kPlaceBits);
    next_[at] = static_cast<uint8_t>(after);
    previous_[after] = static_cast<uint8_t>(at);
    --left_;
    keys()[right] = keys()[at] = keys()[before] = kNoMerge;
    const int32_t others = lowest();
    const int32_t with_left = key_at(before, at), with_right = key_at(at, after);
    keys()[before] = with_left;
    keys()[at] = with_right;
    least_ = std::min(others, std::min(with_left, with_right));
  }

  // Of the pair of neighbours at `at` and `right`: its rank, then its place, so that the least key is the next to merge.
  int32_t key_at(uint32_t at, uint32_t right) const {
    const uint32_t rank = table_.rank_of(ids_[at], ids_[right]);
    return rank == MergeTable::kNoRank ? kNoMerge : static_cast<int32_t>(rank << kPlaceBits | at);
  }

  const MergeTable& table_;
  uint32_t count_, left_;
  int32_t least_;
  std::array<Four, kWindowPlaces / 4 + 2> keys_;
  std::array<int32_t, kBefore + 1> ids_;
  std::array<uint8_t, kBefore + 1> next_, previous_;
};

}  // namespace

void merge_window(const MergeTable& table, std::span<const Symbol> symbols, std::vector<MergedPart>& parts) {
  WindowMerger(table, symbols.size(), [&](uint32_t i) { return symbols[i].id; }).run([&](int32_t id, uint32_t begin) {
    parts.push_back({id, begin});
  });
}

void merge_window(const MergeTable& table, std::string_view bytes, const std::array<int32_t, 256>& ids_of_bytes,
                  std::vector<int32_t>& ids) {
  WindowMerger(table, bytes.size(), [&](uint32_t i) {
    return ids_of_bytes[static_cast<unsigned char>(bytes[i])];
  }).run([&](int32_t id, uint32_t) { ids.push_back(id); });
}

std::optional<std::pair<int32_t, int32_t>> last_pair(const MergeTable& table, std::span<const Symbol> symbols) {
  return WindowMerger(table, symbols.size(), [&](uint32_t i) { return symbols[i].id; }).last_pair();
}

}  // namespace malmoi::tokenizer
