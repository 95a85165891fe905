#include "tokenizer/models/trie.h"

#include <algorithm>

namespace malmoi::tokenizer {

// Places the children of each node at base ^ byte where all of them are free. Free places are kept in blocks of 256,
// so that the search for a base looks at few.
class Trie::Builder {
 public:
  Builder(std::vector<std::pair<std::string_view, int32_t>> keys, Trie& trie) : keys_(std::move(keys)), trie_(trie) {
    std::sort(keys_.begin(), keys_.end());
    add_block();
    trie_.nodes_[0].parent = 0;
    used_[0] = true;
  }

  void run() {
    struct Range {
      size_t begin, end, depth;
      uint32_t node;
    };
    std::vector<Range> todo{{0, keys_.size(), 0, 0}};
    std::vector<Range> children;
    while (!todo.empty()) {
      Range range = todo.back();
      todo.pop_back();
      if (range.begin < range.end && keys_[range.begin].first.size() == range.depth)
        trie_.nodes_[range.node].value = keys_[range.begin++].second;
      children.clear();
      bytes_.clear();
      for (size_t i = range.begin; i < range.end;) {
        auto byte = static_cast<unsigned char>(keys_[i].first[range.depth]);
        size_t end = i;
        while (end < range.end && static_cast<unsigned char>(keys_[end].first[range.depth]) == byte) ++end;
        children.push_back({i, end, range.depth + 1, 0});
        bytes_.push_back(byte);
        i = end;
      }
      if (children.empty()) continue;
      uint32_t base = find_base();
      trie_.nodes_[range.node].base = base;
      for (size_t i = 0; i < children.size(); ++i) {
        children[i].node = base ^ bytes_[i];
        trie_.nodes_[children[i].node].parent = range.node;
        take(children[i].node);
        todo.push_back(children[i]);
      }
    }
  }

 private:
  void add_block() {
    trie_.nodes_.resize(trie_.nodes_.size() + 256);
    used_.resize(trie_.nodes_.size(), false);
    free_in_block_.push_back(256);
  }

  void take(uint32_t node) {
    used_[node] = true;
    --free_in_block_[node >> 8];
  }

  uint32_t find_base() {
    // Only the last blocks are tried: older ones are nearly full, and looking there again and again would cost more
    // than the room is worth.
    constexpr size_t kBlocksTried = 16;
    size_t blocks = free_in_block_.size();
    for (size_t block = blocks > kBlocksTried ? blocks - kBlocksTried : 0; block < blocks; ++block) {
      if (free_in_block_[block] < static_cast<int>(bytes_.size())) continue;
      auto start = static_cast<uint32_t>(block << 8);
      for (uint32_t base = start; base < start + 256; ++base) {
        if (used_[base ^ bytes_[0]]) continue;
        if (std::none_of(bytes_.begin(), bytes_.end(), [&](unsigned char b) { return used_[base ^ b]; })) return base;
      }
    }
    add_block();
    return static_cast<uint32_t>(blocks << 8);
  }

  std::vector<std::pair<std::string_view, int32_t>> keys_;
  Trie& trie_;
  std::vector<bool> used_;
  std::vector<int> free_in_block_;
  std::vector<unsigned char> bytes_;
};

Trie::Trie(std::vector<std::pair<std::string_view, int32_t>> keys) {
  if (!keys.empty()) Builder(std::move(keys), *this).run();
}

}  // namespace malmoi::tokenizer
