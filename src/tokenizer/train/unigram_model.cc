#include "tokenizer/train/unigram_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tokenizer/models/unigram.h"
#include "tokenizer/unicode/code_points.h"

namespace malmoi::tokenizer {
namespace {

constexpr double kImpossible = -std::numeric_limits<double>::infinity();

double log_add(double a, double b) {
  if (a < b) std::swap(a, b);
  // Beyond this the smaller one does not change a double.
  return b < a - 40 ? a : a + std::log1p(std::exp(b - a));
}

}  // namespace

UnigramTraining::UnigramTraining(std::vector<std::string> pieces, std::vector<double> scores)
    : pieces_(std::move(pieces)), scores_(std::move(scores)) {
  std::vector<std::pair<std::string_view, int32_t>> keys;
  keys.reserve(pieces_.size());
  for (size_t i = 0; i < pieces_.size(); ++i) keys.emplace_back(pieces_[i], static_cast<int32_t>(i));
  trie_ = Trie(std::move(keys));
  for (double score : scores_) unknown_score_ = std::min(unknown_score_, score);
  unknown_score_ -= kUnknownPenalty;
}

void UnigramTraining::find_edges(std::string_view word, Scratch& scratch) const {
  scratch.edges.clear();
  for (const CodePoint c : CodePoints(word)) {
    const auto begin = static_cast<uint32_t>(c.begin);
    bool known = false;
    trie_.prefixes(word.substr(begin), [&](size_t length, int32_t piece) {
      scratch.edges.push_back({begin, begin + static_cast<uint32_t>(length), piece});
      known = known || length == c.length();
    });
    if (!known) scratch.edges.push_back({begin, static_cast<uint32_t>(c.end), kUnknown});
  }
}

double UnigramTraining::sum_paths(std::string_view word, Scratch& scratch) const {
  find_edges(word, scratch);
  scratch.forward.assign(word.size() + 1, kImpossible);
  scratch.backward.assign(word.size() + 1, kImpossible);
  scratch.forward[0] = scratch.backward[word.size()] = 0;
  for (const Scratch::Edge& e : scratch.edges) {
    double way = scratch.forward[e.begin] + score_of(e);
    double& to = scratch.forward[e.end];
    to = to == kImpossible ? way : log_add(to, way);
  }
  for (auto e = scratch.edges.rbegin(); e != scratch.edges.rend(); ++e) {
    double way = scratch.backward[e->end] + score_of(*e);
    double& to = scratch.backward[e->begin];
    to = to == kImpossible ? way : log_add(to, way);
  }
  return scratch.forward[word.size()];
}

bool UnigramTraining::viterbi(std::string_view word, int32_t banned, Scratch& scratch, std::vector<int32_t>& path,
                              double& score) const {
  find_edges(word, scratch);
  scratch.forward.assign(word.size() + 1, kImpossible);
  scratch.best.assign(word.size() + 1, -1);
  scratch.from.assign(word.size() + 1, 0);
  scratch.forward[0] = 0;
  for (const Scratch::Edge& e : scratch.edges) {
    if (e.piece == banned || scratch.forward[e.begin] == kImpossible) continue;
    double way = scratch.forward[e.begin] + score_of(e);
    if (way <= scratch.forward[e.end]) continue;
    scratch.forward[e.end] = way;
    scratch.best[e.end] = std::max(e.piece, 0);
    scratch.from[e.end] = e.begin;
  }
  path.clear();
  score = scratch.forward[word.size()];
  if (score == kImpossible) return false;
  for (auto at = static_cast<uint32_t>(word.size()); at > 0; at = scratch.from[at]) path.push_back(scratch.best[at]);
  std::reverse(path.begin(), path.end());
  return true;
}

}  // namespace malmoi::tokenizer
