#include "tokenizer/train/bpe_merges.h"

#include <algorithm>
#include <queue>
#include <unordered_map>

#include "base/utf8.h"

namespace malmoi::tokenizer {
namespace {

constexpr uint32_t kNone = UINT32_MAX;
// A cell that was the start of a token and is now inside one.
constexpr uint32_t kDead = UINT32_MAX - 1;

uint64_t pair_key(uint32_t left, uint32_t right) { return static_cast<uint64_t>(left) << 32 | right; }

// Open-addressed map of pairs to their records.
class PairIndex {
 public:
  PairIndex() : keys_(1 << 16, kEmpty), values_(1 << 16) {}

  uint32_t find(uint64_t key) const {
    for (size_t i = slot(key);; i = (i + 1) & (keys_.size() - 1)) {
      if (keys_[i] == key) return values_[i];
      if (keys_[i] == kEmpty) return kNone;
    }
  }
  void insert(uint64_t key, uint32_t value) {
    if (++size_ * 2 > keys_.size()) grow();
    place(key, value);
  }

 private:
  static constexpr uint64_t kEmpty = UINT64_MAX;  // no pair: symbols stay below kDead
  size_t slot(uint64_t key) const {
    uint64_t h = key * 0x9E3779B97F4A7C15u;
    return (h ^ h >> 32) & (keys_.size() - 1);
  }
  void place(uint64_t key, uint32_t value) {
    size_t i = slot(key);
    while (keys_[i] != kEmpty) i = (i + 1) & (keys_.size() - 1);
    keys_[i] = key;
    values_[i] = value;
  }
  void grow() {
    std::vector<uint64_t> keys(keys_.size() * 2, kEmpty);
    std::vector<uint32_t> values(values_.size() * 2);
    keys.swap(keys_);
    values.swap(values_);
    for (size_t i = 0; i < keys.size(); ++i)
      if (keys[i] != kEmpty) place(keys[i], values[i]);
  }

  std::vector<uint64_t> keys_;
  std::vector<uint32_t> values_;
  size_t size_ = 0;
};

struct Pair {
  uint32_t left, right;
  uint64_t count = 0;
  uint64_t begin = 0;  // its positions in the pool: [begin, begin + size)
  uint32_t size = 0;
};

struct Candidate {
  uint64_t count, key;
  uint32_t pair;
  // The heap's top: the highest count, then the smallest pair.
  bool operator<(const Candidate& other) const { return count != other.count ? count < other.count : key > other.key; }
};

// The merging. `cells` holds for each token its symbol in its first and in its last cell (a boundary tag), so both
// neighbours of a token are found from the lengths of symbols, without links.
class Merger {
 public:
  Merger(BpeCorpus& corpus, const BpeMergeOptions& options)
      : corpus_(corpus), options_(options), cells_(corpus.cells), length_(corpus.pieces.size(), 1) {
    for (uint32_t s = 0; s < corpus.pieces.size(); ++s) ids_.emplace(corpus.pieces[s], s);
  }

  Result<std::vector<BpeMerge>> run(const std::function<bool(size_t)>& progress);

 private:
  // What is known of a neighbouring symbol during one merge.
  struct Neighbour {
    uint32_t stamp = 0;
    uint32_t old_left = kNone, new_left = kNone;    // (p, left) and (p, product)
    uint32_t old_right = kNone, new_right = kNone;  // (right, n) and (product, n)
  };
  struct Event {
    uint32_t pair, position;
  };

  void count_initial_pairs();
  uint32_t find_or_make(uint32_t left, uint32_t right);
  uint32_t product_of(const Pair& pair);
  void merge_pair(uint32_t index, uint32_t product);
  void merge_at(uint32_t position, const Pair& pair, uint32_t product);
  void store_events(uint32_t first_new);
  void push(uint32_t index) {
    const Pair& pair = pairs_[index];
    if (pair.count >= std::max<uint64_t>(options_.min_frequency, 1))
      heap_.push({pair.count, pair_key(pair.left, pair.right), index});
  }
  Neighbour& neighbour(uint32_t symbol) {
    Neighbour& n = neighbours_[symbol];
    if (n.stamp != stamp_) n = {stamp_};
    return n;
  }

  BpeCorpus& corpus_;
  const BpeMergeOptions& options_;
  std::vector<uint32_t>& cells_;
  std::unordered_map<std::string, uint32_t> ids_;
  std::vector<uint32_t> length_;  // cells of each symbol
  std::vector<Pair> pairs_;
  PairIndex index_;
  std::vector<uint32_t> pool_;  // positions of pairs
  std::priority_queue<Candidate> heap_;
  std::vector<Neighbour> neighbours_;
  uint32_t stamp_ = 0;
  std::vector<Event> events_;
};

void Merger::count_initial_pairs() {
  const size_t symbols = corpus_.pieces.size();
  // A dense table for small alphabets (bytes), the map otherwise.
  const bool dense = symbols <= 2048;
  std::vector<uint32_t> table(dense ? symbols * symbols : 0, kNone);
  auto lookup = [&](uint32_t a, uint32_t b) {
    if (!dense) return find_or_make(a, b);
    uint32_t& entry = table[a * symbols + b];
    if (entry == kNone) entry = find_or_make(a, b);
    return entry;
  };
  std::vector<uint32_t> pair_at(cells_.size(), kNone);
  for (size_t i = 0; i + 1 < cells_.size(); ++i) {
    if (cells_[i] == BpeCorpus::kSeparator || cells_[i + 1] == BpeCorpus::kSeparator) continue;
    uint32_t p = pair_at[i] = lookup(cells_[i], cells_[i + 1]);
    pairs_[p].count += corpus_.counts[corpus_.word_of[i]];
    ++pairs_[p].size;
  }
  uint64_t total = 0;
  for (Pair& pair : pairs_) {
    pair.begin = total;
    total += pair.size;
    pair.size = 0;
  }
  pool_.reserve(total + total / 2);
  pool_.resize(total);
  for (size_t i = 0; i < pair_at.size(); ++i) {
    if (pair_at[i] == kNone) continue;
    Pair& pair = pairs_[pair_at[i]];
    pool_[pair.begin + pair.size++] = static_cast<uint32_t>(i);
  }
  for (uint32_t p = 0; p < pairs_.size(); ++p) push(p);
}

uint32_t Merger::find_or_make(uint32_t left, uint32_t right) {
  uint64_t key = pair_key(left, right);
  uint32_t found = index_.find(key);
  if (found != kNone) return found;
  index_.insert(key, static_cast<uint32_t>(pairs_.size()));
  pairs_.push_back({left, right});
  return static_cast<uint32_t>(pairs_.size() - 1);
}

// The symbol of left + right: a new one, or the one that has this text already.
uint32_t Merger::product_of(const Pair& pair) {
  std::string_view right = corpus_.pieces[pair.right];
  if (!options_.continuing_prefix.empty() && right.starts_with(options_.continuing_prefix))
    right.remove_prefix(options_.continuing_prefix.size());
  std::string text = corpus_.pieces[pair.left];
  text += right;
  auto [it, fresh] = ids_.try_emplace(text, static_cast<uint32_t>(corpus_.pieces.size()));
  // A text that contains the prefix itself can be spelled with different numbers of cells; lengths must stay true.
  if (!fresh && length_[it->second] != length_[pair.left] + length_[pair.right]) return kNone;
  if (fresh) {
    corpus_.pieces.push_back(std::move(text));
    length_.push_back(length_[pair.left] + length_[pair.right]);
  }
  return it->second;
}

void Merger::merge_at(uint32_t position, const Pair& pair, uint32_t product) {
  const uint32_t right_at = position + length_[pair.left];
  if (cells_[position] != pair.left || cells_[right_at] != pair.right) return;
  const uint32_t end = right_at + length_[pair.right];
  const uint64_t count = corpus_.counts[corpus_.word_of[position]];
  if (uint32_t p = cells_[position - 1]; p != BpeCorpus::kSeparator) {
    Neighbour& n = neighbour(p);
    if (n.new_left == kNone) {
      n.old_left = index_.find(pair_key(p, pair.left));
      n.new_left = find_or_make(p, product);
    }
    pairs_[n.old_left].count -= count;
    pairs_[n.new_left].count += count;
    events_.push_back({n.new_left, position - length_[p]});
  }
  if (uint32_t s = cells_[end]; s != BpeCorpus::kSeparator) {
    Neighbour& n = neighbour(s);
    if (n.new_right == kNone) {
      n.old_right = index_.find(pair_key(pair.right, s));
      n.new_right = find_or_make(product, s);
    }
    pairs_[n.old_right].count -= count;
    pairs_[n.new_right].count += count;
    events_.push_back({n.new_right, position});
  }
  cells_[right_at] = kDead;
  cells_[position] = product;
  cells_[end - 1] = product;
}

// Gives each pair that appeared its positions: a counting sort of the events into the pool.
void Merger::store_events(uint32_t first_new) {
  const auto fresh = static_cast<uint32_t>(pairs_.size());
  std::vector<uint32_t> known;  // pairs that existed before: only where a product had its text already
  for (const Event& e : events_) {
    if (e.pair >= first_new) {
      ++pairs_[e.pair].size;
    } else {
      known.push_back(e.pair);
    }
  }
  uint64_t total = pool_.size();
  for (uint32_t p = first_new; p < fresh; ++p) {
    pairs_[p].begin = total;
    total += pairs_[p].size;
    pairs_[p].size = 0;
  }
  pool_.resize(total);
  for (const Event& e : events_)
    if (e.pair >= first_new) pool_[pairs_[e.pair].begin + pairs_[e.pair].size++] = e.position;
  for (uint32_t p = first_new; p < fresh; ++p) push(p);
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  for (uint32_t p : known) {
    std::vector<uint32_t> all(pool_.begin() + pairs_[p].begin, pool_.begin() + pairs_[p].begin + pairs_[p].size);
    for (const Event& e : events_)
      if (e.pair == p) all.push_back(e.position);
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    pairs_[p].begin = pool_.size();
    pairs_[p].size = static_cast<uint32_t>(all.size());
    pool_.insert(pool_.end(), all.begin(), all.end());
    push(p);
  }
}

void Merger::merge_pair(uint32_t index, uint32_t product) {
  const Pair pair = pairs_[index];
  neighbours_.resize(std::max(neighbours_.size(), corpus_.pieces.size()));
  ++stamp_;
  events_.clear();
  const auto first_new = static_cast<uint32_t>(pairs_.size());
  for (uint64_t i = pair.begin; i < pair.begin + pair.size; ++i) merge_at(pool_[i], pair, product);
  pairs_[index].count = 0;
  pairs_[index].size = 0;
  store_events(first_new);
}

Result<std::vector<BpeMerge>> Merger::run(const std::function<bool(size_t)>& progress) {
  if (cells_.size() >= kDead)
    return out_of_memory("more than 4 billion distinct symbols to merge", "BPE training",
                         "raise the minimum frequency, split words further, or train on a sample");
  count_initial_pairs();
  std::vector<BpeMerge> merges;
  while (corpus_.pieces.size() < options_.vocab_size && !heap_.empty()) {
    Candidate top = heap_.top();
    heap_.pop();
    const Pair& pair = pairs_[top.pair];
    if (top.count != pair.count) {
      push(top.pair);
      continue;
    }
    if (pair.size == 0) continue;
    if (options_.max_piece_length != SIZE_MAX &&
        count_code_points(corpus_.pieces[pair.left]) + count_code_points(corpus_.pieces[pair.right]) >
            options_.max_piece_length)
      continue;
    uint32_t product = product_of(pair);
    if (product == kNone) continue;
    merges.push_back({pair.left, pair.right, product, pair.count});
    merge_pair(top.pair, product);
    if (progress && merges.size() % 64 == 0 && !progress(corpus_.pieces.size()))
      return Error{ErrorCode::kCancelled, "training was stopped", "", ""};
  }
  return merges;
}

}  // namespace

void BpeCorpus::begin_word(uint64_t count) {
  if (cells.empty()) {
    cells.push_back(kSeparator);
    word_of.push_back(0);
  }
  counts.push_back(count);
}

void BpeCorpus::end_word() {
  size_t length = 0;
  while (cells[cells.size() - 1 - length] != kSeparator) ++length;
  if (length < 2) {
    cells.resize(cells.size() - length);
    word_of.resize(cells.size());
    counts.pop_back();
    return;
  }
  cells.push_back(kSeparator);
  word_of.push_back(static_cast<uint32_t>(counts.size() - 1));
}

Result<std::vector<BpeMerge>> learn_merges(BpeCorpus& corpus, const BpeMergeOptions& options,
                                           const std::function<bool(size_t)>& progress) {
  return Merger(corpus, options).run(progress);
}

}  // namespace malmoi::tokenizer
