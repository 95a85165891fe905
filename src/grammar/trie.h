// Texts of tokens as a tree of bytes in one array: what is common to many is looked at once.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace malmoi::grammar {

/// A byte on the way to tokens. Behind it stand the nodes below it.
struct TrieNode {
  uint32_t size;         // of the subtree, in nodes: itself, and what is below
  uint32_t first_token;  // of Trie::tokens(): those that end here, then those of the subtree
  uint32_t own_tokens;   // that end here
  uint16_t depth;        // 1: a first byte
  uint8_t byte;
};

/// Nodes in depth-first order; immutable. Texts are not empty and shorter than 65536 bytes; one id may come under several
/// texts, and several ids under one.
class Trie {
 public:
  Trie() = default;
  /// `texts` need no order; the bytes must live only during the call.
  explicit Trie(std::vector<std::pair<std::string_view, int32_t>> texts);

  const std::vector<TrieNode>& nodes() const { return nodes_; }
  std::span<const int32_t> own_tokens(const TrieNode& node) const {
    return {tokens_.data() + node.first_token, node.own_tokens};
  }
  /// Those whose texts go on below the node.
  std::span<const int32_t> tokens_below(uint32_t node) const;
  /// Bytes that it takes.
  size_t bytes() const { return nodes_.size() * sizeof(TrieNode) + tokens_.size() * sizeof(int32_t); }

 private:
  std::vector<TrieNode> nodes_;
  std::vector<int32_t> tokens_;
};

}  // namespace malmoi::grammar
