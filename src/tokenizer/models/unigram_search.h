// The segmentation of the highest total score (Viterbi), and how sure a word's is.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "tokenizer/models/model.h"
#include "tokenizer/models/trie.h"

namespace malmoi::tokenizer {

/// best(end) = max over pieces ending at `end` of best(begin) + score(piece), from left to right, in the library's precision
/// (`Score`: float for SentencePiece, double for Hugging Face); the first of equal ways stays. A character that no piece
/// spells alone is also reached by the unknown piece. Immutable and thread-safe.
template <typename Score>
class UnigramSearch {
 public:
  /// `scores` by id; `keys` the pieces that compete. `unknown`: the id of the unknown piece, or -1.
  UnigramSearch(std::vector<std::pair<std::string_view, int32_t>> keys, std::vector<Score> scores, Score unknown_score,
                int32_t unknown)
      : scores_(std::move(scores)), unknown_score_(unknown_score), unknown_(unknown), worst_(std::abs(unknown_score)) {
    for (const auto& [piece, id] : keys) worst_ = std::max(worst_, std::abs(scores_[static_cast<size_t>(id)]));
    trie_ = Trie(std::move(keys));
  }

  Score score(int32_t id) const { return scores_[static_cast<size_t>(id)]; }
  /// The largest absolute value of a score.
  double worst() const { return static_cast<double>(worst_); }
  bool is_unknown(int32_t id) const { return id < 0 || id == unknown_; }

  /// The tokens of the best way through `text`, where what stands before it scored `start`; returns the score with it.
  /// Neighbours that are unknown become one token.
  Score cut(std::string_view text, Score start, std::vector<Token>& tokens) const {
    thread_local std::vector<Place> places;
    places.assign(text.size() + 1, {});
    places[0].score = start;
    find_best(text, places);
    collect(places, text.size(), tokens);
    return places.back().score;
  }

  /// The same for a word, whatever stands before it: returns how large (in absolute value) a score before the word may be
  /// without its rounding leading to another way (see `reach`); nothing is appended and -1 returned where no such score
  /// exists, or where the word is longer than kMaxAppraised bytes.
  float appraise(std::string_view word, std::vector<Token>& tokens) const;
  static constexpr size_t kMaxAppraised = 64;

 private:
  struct Place {
    Score score = 0;
    int32_t id = -1;
    uint32_t begin = UINT32_MAX;
  };
  struct Found {
    size_t length;
    int32_t id;
  };

  static void offer(Place& to, Score score, int32_t id, uint32_t begin) {
    if (to.begin == UINT32_MAX || score > to.score) to = {score, id, begin};
  }

  void find_best(std::string_view text, std::vector<Place>& places) const {
    for (uint32_t begin = 0; begin < text.size();) {
      const uint32_t length = utf8_length(text[begin]);
      const std::string_view letter = text.substr(begin, length);
      if (text.substr(begin + length).starts_with(letter)) {
        begin = find_best_in_run(text, begin, length, places);
        continue;
      }
      const Score here = places[begin].score;
      bool single = false;
      trie_.prefixes(text.substr(begin), [&](size_t n, int32_t id) {
        offer(places[begin + n], here + score(id), id, begin);
        single = single || n == length;
      });
      if (!single) offer(places[begin + length], here + unknown_score_, unknown_, begin);
      begin += length;
    }
  }

  // A run of one letter: the same pieces begin at each of its places, as long as the search for them stays in the run. So a
  // megabyte of one letter costs about as much as one of prose. Returns the first place that is still to be done.
  uint32_t find_best_in_run(std::string_view text, uint32_t begin, uint32_t length, std::vector<Place>& places) const {
    thread_local std::vector<Found> found;
    found.clear();
    bool single = false;
    const size_t seen = trie_.prefixes(text.substr(begin), [&](size_t n, int32_t id) {
      found.push_back({n, id});
      single = single || n == length;
    });
    if (!single) found.push_back({length, unknown_});
    size_t run_end = begin + length;
    while (run_end < text.size() && text[run_end] == text[run_end - length]) ++run_end;
    do {
      const Score here = places[begin].score;
      for (const Found& piece : found) {
        const bool unknown = !single && &piece == &found.back();
        offer(places[begin + piece.length], here + (unknown ? unknown_score_ : score(piece.id)), piece.id, begin);
      }
      begin += length;
    } while (begin + std::max<size_t>(seen, length) <= run_end);
    return begin;
  }

  // `places`: by bytes, the last one the end of the text.
  template <typename Places>
  void collect(const Places& places, size_t end, std::vector<Token>& tokens) const {
    const size_t first = tokens.size();
    while (end > 0) {
      const auto& place = places[end];
      if (is_unknown(place.id) && tokens.size() > first && is_unknown(tokens.back().id))
        tokens.back().begin = place.begin;
      else tokens.push_back({place.id, place.begin, static_cast<uint32_t>(end)});
      end = place.begin;
    }
    std::reverse(tokens.begin() + static_cast<ptrdiff_t>(first), tokens.end());
  }

  // A way has at most `letters` additions, each rounded by at most half a unit in the last place of a sum of at most
  // total + letters * worst; two ways with a margin m between them stay in order while letters * epsilon * that < m.
  float reach(double margin, size_t letters) const {
    const auto n = static_cast<double>(letters);
    return static_cast<float>(0.999 * (margin / (n * std::numeric_limits<Score>::epsilon()) - 2 * n * worst()));
  }

  std::vector<Score> scores_;
  Score unknown_score_;
  int32_t unknown_;
  Score worst_;
  Trie trie_;
};

template <typename Score>
float UnigramSearch<Score>::appraise(std::string_view word, std::vector<Token>& tokens) const {
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  struct Best {
    double first, second;  // the best way here and the next best
    int32_t id;
    uint32_t begin;
  };
  if (word.size() > kMaxAppraised) return -1;
  std::array<Best, kMaxAppraised + 1> best;
  for (size_t i = 0; i <= word.size(); ++i) best[i] = {kNever, kNever, -1, 0};
  best[0].first = 0;
  size_t letters = 0;
  for (uint32_t begin = 0; begin < word.size(); ++letters) {
    const uint32_t length = utf8_length(word[begin]);
    const Best here = best[begin];
    auto reached = [&](size_t n, int32_t id, double score) {
      Best& to = best[begin + n];
      if (here.first + score > to.first) {
        to.second = std::max(to.first, here.second + score);
        to.first = here.first + score;
        to.id = id;
        to.begin = begin;
      } else {
        to.second = std::max(to.second, here.first + score);
      }
    };
    bool single = false;
    trie_.prefixes(word.substr(begin), [&](size_t n, int32_t id) {
      reached(n, id, static_cast<double>(score(id)));
      single = single || n == length;
    });
    if (!single) reached(length, -1, static_cast<double>(unknown_score_));
    begin += length;
  }
  const Best& whole = best[word.size()];
  const float sure = reach(whole.first - whole.second, letters);
  if (!(sure >= 0)) return -1;
  collect(best, word.size(), tokens);
  return sure;
}

}  // namespace malmoi::tokenizer
