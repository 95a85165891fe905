// How a scheduler guesses ahead (drafter.h), and what comes of it.
#include <algorithm>
#include <exception>

#include "infer/scheduler_sequence.h"

namespace malmoi::infer {
namespace {

// Rows of all answers together up to which one more costs far less than the pass: the weights are read in the meantime.
constexpr int64_t kRowsWorthDrafting = 16;
// What a text begins with; then twice as many where all were right, and one more than were right where some were not.
constexpr int64_t kFirstDraft = 2;
// A row that is wrong costs about a tenth of a pass. Where drafts were wrong from their first token on, so often in a row, so
// many tokens go without.
constexpr int64_t kMissesToPause = 4, kPause = 4;

}  // namespace

int64_t Scheduler::most_to_draft(const Sequence& s, int64_t answers) const {
  const int64_t to_write = s.prompt + s.request->max_tokens - s.length();
  int64_t most = std::min({s.draft_length > 0 ? s.draft_length : kFirstDraft, kMostRowsOfAnswer - 1,
                           kRowsWorthDrafting / answers - 1, to_write - 1});
  // Behind the length at which rotary frequencies change, all is read again.
  if (const int64_t beyond = model_->sizes.switch_length; beyond > 0 && s.length() <= beyond)
    most = std::min(most, beyond - s.length());
  return std::max<int64_t>(most, 0);
}

// Puts guesses behind answers that read their last token.
void Scheduler::draft(std::vector<Piece>& pieces) {
  if (!options_.drafter || !can_truncate_ || pieces.empty()) return;
  std::vector<Drafter::Text> texts;
  std::vector<Piece*> places;
  for (Piece& piece : pieces) {
    Sequence& s = *piece.sequence;
    if (piece.rows != 1 || piece.wanted != 1) continue;
    if (s.draft_pause > 0) {
      --s.draft_pause;
      continue;
    }
    const int64_t most = most_to_draft(s, static_cast<int64_t>(pieces.size()));
    if (most < 1) continue;
    texts.push_back({.sequence = s.id, .ids = s.text, .most = most});
    places.push_back(&piece);
  }
  if (texts.empty()) return;
  try {
    options_.drafter->draft(texts);
  } catch (const std::exception&) {  // no memory: answers go on without
    return;
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    Piece& piece = *places[i];
    piece.draft = std::move(texts[i].draft);
    piece.rows = piece.wanted = 1 + static_cast<int64_t>(piece.draft.size());
  }
}

void Scheduler::drop_draft(Piece& piece) {
  piece.draft.clear();
  piece.rows = piece.wanted = 1;
}

// Tokens are drawn one by one, as long as they are those that were guessed; what was read behind them is forgotten.
void Scheduler::take_draft(Sequence& s, const Piece& piece, std::span<const float> rows) {
  const auto vocab = static_cast<size_t>(model_->outputs());
  const auto drafted = static_cast<int64_t>(piece.draft.size());
  int64_t right = 0;
  for (int64_t i = 0;; ++i) {
    accept(s, rows.subspan(static_cast<size_t>(i) * vocab, vocab));
    if (s.done || i == drafted || s.text.back() != piece.draft[static_cast<size_t>(i)]) break;
    ++right;
  }
  draft_tokens_ += drafted;
  accepted_draft_tokens_ += right;
  s.draft_misses = right > 0 ? 0 : s.draft_misses + 1;
  if (s.draft_misses >= kMissesToPause) {
    s.draft_misses = 0;
    s.draft_pause = kPause;
  }
  s.draft_length = right == drafted ? std::min(2 * drafted, kMostRowsOfAnswer - 1) : right + 1;
  if (!s.done && s.read() >= s.length()) s.state.truncate(s.length() - 1);
}

}  // namespace malmoi::infer
