// The unigram language model while it is trained: pieces with log probabilities, lattices over words.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/models/trie.h"

namespace malmoi::tokenizer {

/// Immutable; the const members may be called from many threads, each with its own Scratch. A character without a piece
/// is unknown: ten below the least score, and counted as the first piece, as in SentencePiece.
class UnigramTraining {
 public:
  UnigramTraining(std::vector<std::string> pieces, std::vector<double> scores);

  const std::vector<std::string>& pieces() const { return pieces_; }
  const std::vector<double>& scores() const { return scores_; }
  size_t size() const { return pieces_.size(); }

  struct Scratch {
    std::vector<double> forward, backward;
    struct Edge {
      uint32_t begin, end;
      int32_t piece;
    };
    std::vector<Edge> edges;  // by begin
    std::vector<int32_t> best;
    std::vector<uint32_t> from;
  };
  /// log of the summed probability of all segmentations. Calls expect(piece, probability) for the share of each edge.
  template <typename Expect>
  double marginal(std::string_view word, Scratch& scratch, Expect&& expect) const {
    const double total = sum_paths(word, scratch);
    for (const Scratch::Edge& e : scratch.edges) {
      double share = scratch.forward[e.begin] + score_of(e) + scratch.backward[e.end] - total;
      expect(std::max(e.piece, 0), share);
    }
    return total;
  }
  /// The best segmentation, its pieces from left to right; without the piece `banned` (-1: any). False if there is none:
  /// for a character whose own piece is banned.
  bool viterbi(std::string_view word, int32_t banned, Scratch& scratch, std::vector<int32_t>& path,
               double& score) const;

 private:
  static constexpr int32_t kUnknown = -2;
  double score_of(const Scratch::Edge& edge) const {
    return edge.piece == kUnknown ? unknown_score_ : scores_[static_cast<size_t>(edge.piece)];
  }
  double sum_paths(std::string_view word, Scratch& scratch) const;
  void find_edges(std::string_view word, Scratch& scratch) const;

  std::vector<std::string> pieces_;
  std::vector<double> scores_;
  double unknown_score_ = 0;
  Trie trie_;
};

}  // namespace malmoi::tokenizer
