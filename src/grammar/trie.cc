#include "grammar/trie.h"

#include <algorithm>

namespace malmoi::grammar {

Trie::Trie(std::vector<std::pair<std::string_view, int32_t>> texts) {
  std::sort(texts.begin(), texts.end());
  tokens_.reserve(texts.size());
  std::vector<uint32_t> path;  // nodes from the first byte to the last one of the text before
  std::string_view before;
  auto close_to = [&](size_t depth) {
    while (path.size() > depth) {
      nodes_[path.back()].size = static_cast<uint32_t>(nodes_.size()) - path.back();
      path.pop_back();
    }
  };
  for (const auto& [text, id] : texts) {
    const auto differ = std::mismatch(text.begin(), text.end(), before.begin(), before.end()).first;
    const auto common = static_cast<size_t>(differ - text.begin());
    close_to(common);
    for (size_t i = common; i < text.size(); ++i) {
      path.push_back(static_cast<uint32_t>(nodes_.size()));
      nodes_.push_back({.size = 1,
                        .first_token = static_cast<uint32_t>(tokens_.size()),
                        .own_tokens = 0,
                        .depth = static_cast<uint16_t>(i + 1),
                        .byte = static_cast<uint8_t>(text[i])});
    }
    ++nodes_[path.back()].own_tokens;
    tokens_.push_back(id);
    before = text;
  }
  close_to(0);
}

std::span<const int32_t> Trie::tokens_below(uint32_t node) const {
  const size_t begin = nodes_[node].first_token + size_t{nodes_[node].own_tokens};
  const size_t after = node + size_t{nodes_[node].size};
  const size_t end = after < nodes_.size() ? nodes_[after].first_token : tokens_.size();
  return std::span(tokens_).subspan(begin, end - begin);
}

}  // namespace malmoi::grammar
