#include "grammar/token_cache.h"

#include <bit>
#include <string_view>
#include <utility>

#include "grammar/limits.h"

namespace malmoi::grammar {
namespace {

constexpr size_t kLargeRest = 2000;     // tokens below a node: copying them costs more than finding them again
constexpr size_t kMostRests = 100'000;  // tokens whose rests one set keeps

void set_bit(std::span<uint64_t> mask, int32_t id) {
  mask[static_cast<size_t>(id) / 64] |= uint64_t{1} << (static_cast<size_t>(id) % 64);
}
bool has_bit(std::span<const uint64_t> mask, int32_t id) {
  return mask[static_cast<size_t>(id) / 64] >> (static_cast<size_t>(id) % 64) & 1;
}

}  // namespace

// Calls on_tokens(node) for each node that `set` reaches, and on_return(index) where it has returned with nodes below.
// False: a limit was met.
template <typename OnTokens, typename OnReturn>
bool TokenCache::walk(const Part& part, int32_t set, const OnTokens& on_tokens, const OnReturn& on_return) {
  const std::vector<TrieNode>& nodes = part.trie->nodes();
  const size_t base = path_.size();
  path_.push_back(set);
  bool within_limits = true;
  for (uint32_t i = part.begin; i < part.end && within_limits;) {
    const TrieNode& node = nodes[i];
    ++visits_;
    const size_t level = node.depth - part.depth;
    const int32_t next = local_.step(path_[base + level - 1], node.byte);
    if (next < 0) {
      within_limits = next != LocalAutomaton::kExceeded;
      i += node.size;
      continue;
    }
    if (node.own_tokens > 0) on_tokens(node);
    if (node.size > 1 && local_.returns(next)) within_limits = on_return(i);
    if (path_.size() <= base + level) path_.push_back(next);
    else path_[base + level] = next;
    i += local_.is_alive(next) ? 1 : node.size;
  }
  path_.resize(base);
  return within_limits && visits_ <= kMaxTokenVisits;
}

// What the frame at the top of `stack` reads of the nodes, and what those below it do where it returns.
bool TokenCache::follow(const Part& part, const Stacks& stacks, int32_t stack, std::span<uint64_t> mask) {
  if (stack == kBottom || part.begin == part.end) return true;
  const Frame frame = stacks.top(stack);
  const int32_t set = local_.enter(frame.state, frame.count);
  if (set < 0) return set != LocalAutomaton::kExceeded;
  if (local_.returns(set) && !follow(part, stacks, frame.parent, mask)) return false;
  if (!local_.is_alive(set)) return true;
  return walk(
      part, set,
      [&](const TrieNode& node) {
        for (int32_t id : part.trie->own_tokens(node)) set_bit(mask, id);
      },
      [&](uint32_t index) {
        const TrieNode& node = part.trie->nodes()[index];
        return follow({part.trie, index + 1, index + node.size, node.depth}, stacks, frame.parent, mask);
      });
}

// Copies what is left of the tokens that the set has not read to their ends.
void TokenCache::keep_rests(const std::vector<uint32_t>& leaves, Entry& entry) {
  const Trie& trie = vocabulary_.trie();
  std::vector<std::pair<std::string_view, int32_t>> rests;
  for (uint32_t leaf : leaves) {
    const TrieNode& node = trie.nodes()[leaf];
    const size_t before = rests.size();
    const std::span<const int32_t> below = trie.tokens_below(leaf);
    bool large = below.size() > kLargeRest;
    for (size_t i = 0; i < below.size() && !large; ++i) {
      if (has_bit(entry.mask, below[i])) continue;
      rests.emplace_back(vocabulary_.bytes(below[i]).substr(node.depth), below[i]);
      large = rests.size() > kMostRests;
    }
    if (!large) continue;
    rests.resize(before);
    entry.leaves.push_back(leaf);
  }
  entry.rest = Trie(std::move(rests));
}

void TokenCache::make_small(Entry& entry) {
  size_t count = 0;
  for (uint64_t word : entry.mask) count += static_cast<size_t>(std::popcount(word));
  if (count * sizeof(int32_t) < entry.mask.size()) {  // an eighth of the mask's bytes
    for (size_t word = 0; word < entry.mask.size(); ++word)
      for (uint64_t bits = entry.mask[word]; bits != 0; bits &= bits - 1)
        entry.tokens.push_back(static_cast<int32_t>(64 * word) + std::countr_zero(bits));
    entry.mask = {};
  }
  bytes_ += sizeof(Entry) + entry.mask.size() * sizeof(uint64_t) + entry.tokens.size() * sizeof(int32_t) +
            entry.leaves.size() * sizeof(uint32_t) + entry.rest.bytes();
}

// Null: a limit was met.
const TokenCache::Entry* TokenCache::entry_of(int32_t set) {
  if (auto known = entries_.find(set); known != entries_.end()) return known->second.get();
  auto entry = std::make_unique<Entry>();
  entry->mask.resize(vocabulary_.mask_words());
  const Trie& trie = vocabulary_.trie();
  std::vector<uint32_t> leaves;
  const bool whole = walk(
      {&trie, 0, static_cast<uint32_t>(trie.nodes().size()), 0}, set,
      [&](const TrieNode& node) {
        for (int32_t id : trie.own_tokens(node)) set_bit(entry->mask, id);
      },
      [&](uint32_t index) {
        leaves.push_back(index);
        return true;
      });
  if (!whole) return nullptr;
  keep_rests(leaves, *entry);
  make_small(*entry);
  return entries_.emplace(set, std::move(entry)).first->second.get();
}

bool TokenCache::add(const Entry& entry, const Stacks& stacks, int32_t stack, std::span<uint64_t> mask) {
  for (size_t word = 0; word < entry.mask.size(); ++word) mask[word] |= entry.mask[word];
  for (int32_t id : entry.tokens) set_bit(mask, id);
  const Trie& trie = vocabulary_.trie();
  for (uint32_t leaf : entry.leaves) {
    const TrieNode& node = trie.nodes()[leaf];
    if (!follow({&trie, leaf + 1, leaf + node.size, node.depth}, stacks, stack, mask)) return false;
  }
  return follow({&entry.rest, 0, static_cast<uint32_t>(entry.rest.nodes().size()), 0}, stacks, stack, mask);
}

Status TokenCache::add_tokens(std::span<const Thread> threads, const Stacks& stacks, std::span<uint64_t> mask) {
  const std::lock_guard lock(turn_);
  if (bytes_ + local_.bytes() > kMaxCacheBytes) {
    entries_.clear();
    local_.clear();
    bytes_ = 0;
  }
  local_.begin();
  visits_ = 0;
  for (size_t begin = 0, end = 0; begin < threads.size(); begin = end) {
    const int32_t stack = threads[begin].stack;
    while (end < threads.size() && threads[end].stack == stack) ++end;
    const Entry* entry = entry_of(local_.set_of(threads.subspan(begin, end - begin)));
    if (!entry || !add(*entry, stacks, stack, mask))
      return unsupported("the grammar takes too long to say which tokens may come next", "grammar",
                         "make it less ambiguous");
  }
  return {};
}

}  // namespace malmoi::grammar
