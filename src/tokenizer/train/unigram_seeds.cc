#include "tokenizer/train/unigram_seeds.h"

#include <algorithm>
#include <bitset>
#include <cstring>
#include <numeric>

#include "base/parallel.h"
#include "base/utf8.h"
#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

constexpr char32_t kWordMarkCharacter = 0x2581;

// A place in the words where a character begins.
struct Suffix {
  uint64_t begin;
  uint32_t length;  // bytes to the end of the word, at most those of `most` characters
  uint32_t word;
};

class SuffixArray {
 public:
  SuffixArray(const WordList& words, size_t most) : words_(words) {
    std::vector<uint32_t> ends;  // where characters begin, and the end
    for (size_t w = 0; w < words.size(); ++w) {
      std::string_view word = words.word(w);
      ends.clear();
      for (const CodePoint c : CodePoints(word)) ends.push_back(static_cast<uint32_t>(c.begin));
      ends.push_back(static_cast<uint32_t>(word.size()));
      for (size_t i = 0; i + 1 < ends.size(); ++i) {
        uint32_t end = ends[std::min(i + most, ends.size() - 1)];
        suffixes_.push_back({words.begins[w] + ends[i], end - ends[i], static_cast<uint32_t>(w)});
      }
    }
    sort();
  }

  size_t size() const { return suffixes_.size(); }
  std::string_view text(size_t i) const {
    return std::string_view(words_.bytes).substr(suffixes_[i].begin, suffixes_[i].length);
  }
  size_t word(size_t i) const { return suffixes_[i].word; }

 private:
  // Buckets by the first two bytes, each sorted alone: the result does not depend on the threads.
  void sort() {
    std::vector<size_t> begins(65537);
    auto bucket = [&](const Suffix& s) {
      const char* p = words_.bytes.data() + s.begin;
      return static_cast<size_t>(static_cast<unsigned char>(p[0])) << 8 |
             (s.length > 1 ? static_cast<unsigned char>(p[1]) : 0);
    };
    for (const Suffix& s : suffixes_) ++begins[bucket(s) + 1];
    for (size_t b = 0; b < 65536; ++b) begins[b + 1] += begins[b];
    std::vector<Suffix> sorted(suffixes_.size());
    std::vector<size_t> next(begins.begin(), begins.end() - 1);
    for (const Suffix& s : suffixes_) sorted[next[bucket(s)]++] = s;
    suffixes_ = std::move(sorted);
    auto less = [&](const Suffix& a, const Suffix& b) {
      int order =
          std::memcmp(words_.bytes.data() + a.begin, words_.bytes.data() + b.begin, std::min(a.length, b.length));
      if (order != 0) return order < 0;
      return a.length != b.length ? a.length < b.length : a.begin < b.begin;
    };
    parallel_for(65536, 64, [&](int64_t from, int64_t to) {
      for (int64_t b = from; b < to; ++b)
        std::sort(suffixes_.begin() + static_cast<ptrdiff_t>(begins[static_cast<size_t>(b)]),
                  suffixes_.begin() + static_cast<ptrdiff_t>(begins[static_cast<size_t>(b) + 1]), less);
    });
  }

  const WordList& words_;
  std::vector<Suffix> suffixes_;
};

// Bytes that two neighbours share, whole characters only.
size_t common_prefix(std::string_view a, std::string_view b) {
  size_t n = std::min(a.size(), b.size()), i = 0;
  while (i < n && a[i] == b[i]) ++i;
  if (i == a.size() || i == b.size()) return i;
  while (i > 0 && is_utf8_continuation(a[i])) --i;
  return i;
}

// The first bytes of what stands behind a word: of the next one's mark and of the block that stands for an unknown
// character they are the same; a text ends in a NUL.
std::bitset<256> bytes_behind(uint8_t behind) {
  std::bitset<256> bytes;
  if (behind & (kBehindWord | kBehindUnknown)) bytes.set(0xE2);
  if (behind & kBehindEnd) bytes.set(0);
  return bytes;
}

}  // namespace

bool may_be_piece(std::string_view text, const SeedOptions& options) {
  int script = -1;
  size_t length = 0;
  for (const CodePoint c : CodePoints(text)) {
    ++length;
    if (c.value == 0 || c.value == ' ' || !c.valid) return false;
    if (c.value == kWordMarkCharacter) {
      if (c.begin > 0) return false;
    } else {
      const uint32_t classes = classes_of(c.value);
      if (options.split_digits && (classes & kDecimal) && c.length() < text.size()) return false;
      const int own = classes & kMark ? script : script_of(c.value);
      if (script >= 0 && own != script) return false;
      script = own;
    }
  }
  return length <= options.max_length;
}

FollowedWords join_text_ends(const WordList& counted) {
  std::vector<uint32_t> order(counted.size());
  std::iota(order.begin(), order.end(), 0);
  auto ends = [&](uint32_t i) { return counted.word(i).ends_with(kTextEnd); };
  auto text = [&](uint32_t i) {
    std::string_view word = counted.word(i);
    return ends(i) ? word.substr(0, word.size() - 1) : word;
  };
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return text(a) != text(b) ? text(a) < text(b) : ends(a) < ends(b); });
  FollowedWords out;
  for (size_t k = 0; k < order.size(); ++k) {
    const uint32_t i = order[k];
    if (k == 0 || text(order[k - 1]) != text(i)) {
      out.words.push(text(i), 0);
      out.behind.push_back(0);
    }
    out.words.counts.back() += counted.counts[i];
    out.behind.back() |= ends(i) ? kBehindEnd : kBehindWord;
  }
  return out;
}

std::vector<Seed> find_seeds(const FollowedWords& followed, const SeedOptions& options) {
  // One character more than a piece may have: what stands behind the longest pieces counts, too.
  const SuffixArray array(followed.words, options.max_length + 1);
  // The open nodes of the suffix tree: the length that all suffixes since `first` share, how often they come, and the
  // first bytes of what stands behind them.
  struct Node {
    size_t length, first;
    uint64_t count;
    std::bitset<256> behind;
  };
  std::vector<Node> open;
  std::vector<Seed> seeds;
  auto keep_best = [&](size_t limit) {
    auto better = [](const Seed& a, const Seed& b) { return a.score != b.score ? a.score > b.score : a.text < b.text; };
    std::sort(seeds.begin(), seeds.end(), better);
    if (seeds.size() > limit) seeds.resize(limit);
  };
  auto close = [&](const Node& node) {
    if (node.behind.count() < 2) return;
    std::string_view text = array.text(node.first).substr(0, node.length);
    const size_t length = count_code_points(text);
    if (length < 2 || !may_be_piece(text, options)) return;
    seeds.push_back({std::string(text), node.count * length});
    if (seeds.size() > 1024 && seeds.size() / 4 > options.count) keep_best(options.count);
  };
  for (size_t i = 0; i < array.size(); ++i) {
    // What suffix i shares with the next one; a suffix that ends there is a node of its own.
    const size_t shared = i + 1 < array.size() ? common_prefix(array.text(i), array.text(i + 1)) : 0;
    const size_t word = array.word(i);
    Node node{array.text(i).size(), i, followed.words.counts[word], bytes_behind(followed.behind[word])};
    while (true) {
      if (!open.empty() && open.back().length == node.length) {
        open.back().count += node.count;
        open.back().behind |= node.behind;
      } else {
        open.push_back(node);
      }
      if (open.back().length <= shared) break;
      // The node ends here; what it had belongs to the node above it, which is at least as long as `shared`.
      node = open.back();
      open.pop_back();
      close(node);
      node.length = std::max(shared, open.empty() ? 0 : open.back().length);
      if (node.length == 0) break;
      node.behind.reset().set(static_cast<unsigned char>(array.text(node.first)[node.length]));
    }
  }
  keep_best(options.count);
  return seeds;
}

}  // namespace malmoi::tokenizer
