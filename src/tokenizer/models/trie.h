// A byte trie over pieces, packed as a double array: every prefix of a text that is a piece, one step a byte.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace malmoi::tokenizer {

/// Immutable; reading is thread-safe. Memory: about 12 bytes a node. Keys are not empty and differ from one another.
class Trie {
 public:
  Trie() = default;
  explicit Trie(std::vector<std::pair<std::string_view, int32_t>> keys);

  /// Calls `found(length, value)` for every key that `text` begins with, the shortest first. Returns how many bytes it looked
  /// at (one beyond the end of `text` where that ended the search).
  template <typename Found>
  size_t prefixes(std::string_view text, Found&& found) const {
    if (nodes_.empty()) return 0;
    uint32_t at = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      uint32_t next = nodes_[at].base ^ static_cast<unsigned char>(text[i]);
      if (next >= nodes_.size() || nodes_[next].parent != at || next == 0) return i + 1;
      at = next;
      if (nodes_[at].value >= 0) found(i + 1, nodes_[at].value);
    }
    return text.size() + 1;
  }
  bool empty() const { return nodes_.empty(); }

 private:
  static constexpr uint32_t kFree = UINT32_MAX;
  struct Node {
    uint32_t base = 0;
    uint32_t parent = kFree;
    int32_t value = -1;
  };
  class Builder;
  std::vector<Node> nodes_;
};

}  // namespace malmoi::tokenizer
