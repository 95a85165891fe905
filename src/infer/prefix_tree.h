// Prompts that were read, by their ids: who begins with the same ones goes on from there (RadixAttention, Zheng et al. 2024).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "nn/state.h"

namespace malmoi::infer {

/// A radix tree of ids. Nodes hold states that have read the ids from the root to there; their pages are shared with whoever
/// forked them. Sequences of different keys (an adapter, a way of reading) share nothing. One thread, that of the pool.
class PrefixTree {
 public:
  /// `most_bytes` that its states may take together, pages that they share counted for each of them; 0: none is kept.
  explicit PrefixTree(size_t most_bytes);
  ~PrefixTree();

  struct Match {
    const nn::SequenceState* state = nullptr;
    int64_t length = 0;  // so many first positions of the state are those asked for
  };
  /// Of states kept under `key`: one that shares the longest beginning with `ids`, and the longest that is a beginning of
  /// them whole, for states that cannot go back. Both count as used now. Valid until the tree changes.
  struct Found {
    Match longest, whole;
  };
  Found find(int64_t key, std::span<const int32_t> ids);
  /// Keeps a state that has read `ids`. `can_go_back`: states of beginnings of it are no longer needed.
  void insert(int64_t key, std::span<const int32_t> ids, nn::SequenceState state, bool can_go_back);
  /// Lets go of the state that was used the longest ago. False: there is none.
  bool drop_oldest();

  bool keeps() const { return most_bytes_ > 0; }
  int64_t states() const { return states_; }
  size_t bytes() const { return bytes_; }

 private:
  struct Node;
  Node* any_state(Node& node) const;
  void split(Node& node, size_t at);
  void let_go(Node& node);
  static void join(Node& node);
  static void tidy(Node* node);

  size_t most_bytes_, bytes_ = 0;
  int64_t states_ = 0;
  uint64_t clock_ = 0;
  std::map<int64_t, std::unique_ptr<Node>> roots_;
};

}  // namespace malmoi::infer
