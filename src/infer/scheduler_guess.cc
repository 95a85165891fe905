// How a scheduler guesses ahead (drafter.h), and what comes of it.
#include <algorithm>

#include "infer/scheduler_sequence.h"

namespace malmoi::infer {
namespace {

// Rows of all answers together up to which one more costs far less than the pass: the weights are read in the meantime.
constexpr int64_t kRowsWorthGuessing = 16;
// What a text begins with; then twice as many where all were right, and about as many as were right where some were not.
constexpr int64_t kFirstGuess = 4;

}  // namespace

int64_t Scheduler::most_to_guess(const Sequence& s, int64_t answers) const {
  const int64_t to_write = s.prompt + s.request->max_tokens - s.length();
  int64_t most = std::min(
      {s.guessing > 0 ? s.guessing : kFirstGuess, kMostSteps - 1, kRowsWorthGuessing / answers - 1, to_write - 1});
  // Behind the length at which rotary frequencies change, all is read again.
  if (const int64_t beyond = model_->sizes.switch_length; beyond > 0 && s.length() <= beyond)
    most = std::min(most, beyond - s.length());
  return std::max<int64_t>(most, 0);
}

// Puts guesses behind answers that read their last token.
void Scheduler::guess(std::vector<Piece>& pieces) {
  if (!options_.drafter || !goes_back_ || pieces.empty()) return;
  std::vector<Drafter::Text> texts;
  std::vector<Piece*> places;
  for (Piece& piece : pieces) {
    Sequence& s = *piece.sequence;
    if (piece.rows != 1 || piece.wanted != 1) continue;
    const int64_t most = most_to_guess(s, static_cast<int64_t>(pieces.size()));
    if (most < 1) continue;
    texts.push_back({.sequence = s.id, .ids = s.text, .most = most});
    places.push_back(&piece);
  }
  if (texts.empty()) return;
  options_.drafter->guess(texts);
  for (size_t i = 0; i < texts.size(); ++i) {
    Piece& piece = *places[i];
    piece.guess = std::move(texts[i].guess);
    piece.rows = piece.wanted = 1 + static_cast<int64_t>(piece.guess.size());
  }
}

bool Scheduler::give_up_guess(Piece& piece) {
  if (piece.guess.empty()) return false;
  piece.guess.clear();
  piece.rows = piece.wanted = 1;
  return true;
}

// Tokens are drawn one by one, as long as they are those that were guessed; what was read behind them is forgotten.
void Scheduler::take_guesses(Sequence& s, const Piece& piece, std::span<const float> rows) {
  const auto vocab = static_cast<size_t>(model_->outputs());
  const auto guessed = static_cast<int64_t>(piece.guess.size());
  int64_t right = 0;
  for (int64_t i = 0;; ++i) {
    accept(s, rows.subspan(static_cast<size_t>(i) * vocab, vocab));
    if (s.done || i == guessed || s.text.back() != piece.guess[static_cast<size_t>(i)]) break;
    ++right;
  }
  guessed_tokens_ += guessed;
  accepted_tokens_ += right;
  s.guessing = right == guessed ? std::min(2 * guessed, kMostSteps - 1) : std::max<int64_t>(right + 1, 1);
  if (!s.done && s.read() >= s.length()) s.state.truncate(s.length() - 1);
}

}  // namespace malmoi::infer
