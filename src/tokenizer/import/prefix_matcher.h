// Finds the longest of many fixed texts that a text begins with: a trie over bytes in flat arrays.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace malmoi::tokenizer {

/// Immutable after the last `add`; then safe from many threads.
class PrefixMatcher {
 public:
  PrefixMatcher() { nodes_.emplace_back(); }

  /// A text given twice keeps the later value. Empty texts are ignored.
  void add(std::string_view text, int32_t value);
  bool empty() const { return nodes_.size() == 1; }

  struct Match {
    size_t length = 0;  // 0: none
    int32_t value = -1;
  };
  Match longest(std::string_view text) const;
  /// Calls found(length, value) for every text that `text` begins with, shortest first. Returns how many bytes it looked
  /// at (one beyond the end of `text` where that ended the search).
  template <typename Found>
  size_t all(std::string_view text, Found&& found) const {
    uint32_t node = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      if (node = child(node, static_cast<unsigned char>(text[i])); node == 0) return i + 1;
      if (nodes_[node].value >= 0) found(i + 1, nodes_[node].value);
    }
    return text.size() + 1;
  }
  /// How many bytes of `text` follow some path of the trie, a whole text or not.
  size_t path_length(std::string_view text) const;

 private:
  // Children of a node: a list linked by `next`, the first 256 (of the root) by a table.
  struct Node {
    int32_t value = -1;
    uint32_t first = 0, next = 0;
    unsigned char byte = 0;
  };
  uint32_t child(uint32_t node, unsigned char byte) const {
    if (node == 0) return root_[byte];
    for (uint32_t c = nodes_[node].first; c; c = nodes_[c].next)
      if (nodes_[c].byte == byte) return c;
    return 0;
  }
  std::vector<Node> nodes_;
  std::array<uint32_t, 256> root_{};
};

}  // namespace malmoi::tokenizer
