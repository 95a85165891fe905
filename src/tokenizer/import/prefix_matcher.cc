#include "tokenizer/import/prefix_matcher.h"

namespace malmoi::tokenizer {

void PrefixMatcher::add(std::string_view text, int32_t value) {
  if (text.empty()) return;
  uint32_t node = 0;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    uint32_t next = child(node, byte);
    if (next == 0) {
      next = static_cast<uint32_t>(nodes_.size());
      nodes_.push_back({-1, 0, nodes_[node].first, byte});
      nodes_[node].first = next;
      if (node == 0) root_[byte] = next;
    }
    node = next;
  }
  nodes_[node].value = value;
}

PrefixMatcher::Match PrefixMatcher::longest(std::string_view text) const {
  Match match;
  all(text, [&](size_t length, int32_t value) { match = {length, value}; });
  return match;
}

size_t PrefixMatcher::path_length(std::string_view text) const {
  uint32_t node = 0;
  for (size_t i = 0; i < text.size(); ++i)
    if (node = child(node, static_cast<unsigned char>(text[i])); node == 0) return i;
  return text.size();
}

}  // namespace malmoi::tokenizer
