// Which tokens readings may go on with: found once for what reads them, whatever it stands in.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "grammar/local_automaton.h"
#include "grammar/vocabulary.h"

namespace malmoi::grammar {

/// For a set of threads that share a stack, the tokens fall into three (after Dong et al. 2024, XGrammar, section 3.1):
/// those that it reads itself, those that nothing can read, and those that leave its rule before their end, so that the
/// stack decides. The first are a mask, made by one walk of the vocabulary's tree and kept; the last are a small tree of what
/// is left of each token, which is walked for each answer anew. For any number of threads, which take turns.
class TokenCache {
 public:
  /// Both must live as long.
  TokenCache(const Automaton& automaton, const Vocabulary& vocabulary) : vocabulary_(vocabulary), local_(automaton) {}

  /// Sets the bits of all tokens that `threads`, sorted by stack, can read to the end. Errors: kMaxTokenWork, kMaxTokenVisits.
  Status add_tokens(std::span<const Thread> threads, const Stacks& stacks, std::span<uint64_t> mask);

 private:
  struct Entry {
    std::vector<uint64_t> mask;    // of the tokens that the set reads itself,
    std::vector<int32_t> tokens;   // or, where they are few, these
    std::vector<uint32_t> leaves;  // nodes of the vocabulary at which it has returned, with much below them
    Trie rest;                     // what is left of other tokens where it has returned
  };

  /// Nodes begin .. end of a tree, which stand below depth `depth`.
  struct Part {
    const Trie* trie;
    uint32_t begin, end;
    size_t depth;
  };

  template <typename OnTokens, typename OnReturn>
  bool walk(const Part& part, int32_t set, const OnTokens& on_tokens, const OnReturn& on_return);
  bool follow(const Part& part, const Stacks& stacks, int32_t stack, std::span<uint64_t> mask);
  const Entry* entry_of(int32_t set);
  void keep_rests(const std::vector<uint32_t>& leaves, Entry& entry);
  void make_small(Entry& entry);
  bool add(const Entry& entry, const Stacks& stacks, int32_t stack, std::span<uint64_t> mask);

  const Vocabulary& vocabulary_;
  std::mutex turn_;
  LocalAutomaton local_;
  std::unordered_map<int32_t, std::unique_ptr<Entry>> entries_;  // by set
  std::vector<int32_t> path_;                                    // sets on the way to a node, of all walks under way
  size_t bytes_ = 0;                                             // of the entries
  int64_t visits_ = 0;                                           // nodes visited for one mask
};

}  // namespace malmoi::grammar
