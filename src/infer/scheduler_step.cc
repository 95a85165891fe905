// One step of the scheduler: who reads what, room for it, one forward pass, and what comes of it.
#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <map>
#include <tuple>

#include "infer/scheduler_sequence.h"

namespace malmoi::infer {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
// Logits of a step that tells how probable a prompt is: 256 MiB.
constexpr int64_t kMostLogits = int64_t{64} << 20;

// Whether no token is left to choose. What is not a number is not forbidden, and said elsewhere.
bool is_forbidden(std::span<const float> scores) {
  return std::ranges::all_of(scores, [](float score) { return score == -std::numeric_limits<float>::infinity(); });
}

}  // namespace

bool Scheduler::step() {
  end_cancelled(waiting_, false);
  end_cancelled(running_, false);
  admit();
  publish();
  try {
    pass();
  } catch (const std::exception& error) {  // no memory for activations: what ran ends with that, the rest goes on
    session_->forget();
    fail_running(std::string("the engine failed: ") + error.what());
  }
  std::erase_if(running_, [](const auto& s) { return s->done; });
  std::erase_if(waiting_, [](const auto& s) { return s->done; });
  publish();
  return !running_.empty() || !waiting_.empty();
}

// Whether a sequence reads its prompt for the first time, and somebody wants to know how probable that is.
bool Scheduler::tells_prompt(const Sequence& s) const { return s.request->prompt_probabilities && s.told < s.prompt; }

// What a prompt reads next. It is cut at the same places whatever else there is to read: of recurrences and windows the bits
// show the cut, and an answer must not depend on what runs beside it.
Scheduler::Piece Scheduler::next_piece(Sequence& s) const {
  if (lacks_source(s)) return {&s, static_cast<int64_t>(s.request->prompt.size()), true};
  int64_t longest = options_.prefill_rows;
  if (s.request->prompt_probabilities)  // the logits of all rows stand in memory together
    longest = std::clamp<int64_t>(kMostLogits / model_->outputs(), 1, longest);
  int64_t rows = std::min(s.in_pieces - s.read(), longest - s.read() % longest);
  int64_t wanted = tells_prompt(s) ? rows : s.read() + rows == s.length() ? 1 : 0;
  return {&s, rows, false, wanted};
}

// Rows for prompts: the piece that ends first in its client's turns, then the next one, as long as they fit. What is cut
// for a whole step leaves a quarter of one to short prompts. Answers under way wait for a quarter of that, so that who reads
// them notices little.
void Scheduler::share(const std::vector<Sequence*>& prompts, std::vector<Piece>& pieces) {
  struct Turn {
    Piece piece;
    size_t place;    // among the prompts: of two that end together the first one comes first
    double end = 0;  // what its client has read then
  };
  std::vector<Turn> turns;
  for (Sequence* s : prompts) turns.push_back({next_piece(*s), turns.size()});
  // A client's shorter pieces come before its longer ones, so each ends where those before it do and its rows later.
  std::sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) {
    return std::tie(a.piece.rows, a.place) < std::tie(b.piece.rows, b.place);
  });
  std::map<const Turns*, double> ends;  // of the clients
  for (Turn& turn : turns) {
    const Turns& client = *turn.piece.sequence->turns;
    double& end = ends.try_emplace(&client, client.read).first->second;
    end += static_cast<double>(turn.piece.rows);
    turn.end = end;
  }
  std::sort(turns.begin(), turns.end(),
            [](const Turn& a, const Turn& b) { return std::tie(a.end, a.place) < std::tie(b.end, b.place); });
  const bool others_wait = !pieces.empty();
  const int64_t most = others_wait ? options_.prefill_rows / 4 : options_.prefill_rows + options_.prefill_rows / 4;
  int64_t taken = 0;
  for (const Turn& turn : turns) {
    if (taken > 0 && taken + turn.piece.rows > most) continue;  // the first comes whole, as long as a source may be
    pieces.push_back(turn.piece);
    turn.piece.sequence->turns->read += static_cast<double>(turn.piece.rows);
    taken += turn.piece.rows;
  }
  if (taken > 0) clock_ += static_cast<double>(taken) / static_cast<double>(ends.size());
}

// Answers under way take a token each; prompts share the rows beside them.
std::vector<Scheduler::Piece> Scheduler::plan() {
  std::vector<Piece> pieces;
  std::vector<Sequence*> prompts;
  for (auto& s : running_) {
    if (s->read() < s->in_pieces || lacks_source(*s)) prompts.push_back(s.get());
    else pieces.push_back(next_of_answer(*s));
  }
  draft(pieces);
  share(prompts, pieces);
  return pieces;
}

// The last token of an answer; of one that was sent back, what it had written: several at once where they may be.
Scheduler::Piece Scheduler::next_of_answer(Sequence& s) const {
  const int64_t left = s.length() - s.read(), rows = can_truncate_ ? std::min(left, kMostRowsOfAnswer) : 1;
  return {&s, rows, false, rows == left ? 1 : 0};
}

bool Scheduler::lacks_source(const Sequence& s) const { return encodes_ && s.state.memory_length() == 0; }

// Reserves what the pieces write: their own rows first, then drafts where there is room.
void Scheduler::make_room(std::vector<Piece>& pieces) {
  make_own_room(pieces);
  for (Piece& piece : pieces) {
    nn::SequenceState& state = piece.sequence->state;
    if (!piece.draft.empty() && !state.reserve(state.length() + piece.rows).ok()) drop_draft(piece);
  }
}

// Where the pool is spent, what is kept of prompts goes; then the youngest waits again and its piece is left out.
void Scheduler::make_own_room(std::vector<Piece>& pieces) {
  for (size_t i = 0; i < pieces.size();) {
    const Piece& piece = pieces[i];
    nn::SequenceState& state = piece.sequence->state;
    const int64_t own = piece.rows - static_cast<int64_t>(piece.draft.size());
    Status room = piece.source ? state.reserve_memory(piece.rows) : state.reserve(state.length() + own);
    if (room.ok()) {
      ++i;
      continue;
    }
    if (prefixes_.drop_oldest()) continue;
    Sequence* youngest = running_.back().get();
    if (running_.size() == 1) {  // it would fit, but the system has no memory
      fail(*youngest, room.error().to_string());
      pieces.clear();
      return;
    }
    for (size_t k = 0; k < pieces.size(); ++k) {
      if (pieces[k].sequence != youngest) continue;
      pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(k));
      if (k < i) --i;
      break;
    }
    youngest->state = nn::SequenceState();
    waiting_.push_front(std::move(running_.back()));
    running_.pop_back();
  }
}

// Adds the pieces to the next pass; sources of encoders are read at once, each by itself. Whether there is something to run.
bool Scheduler::append(std::vector<Piece>& pieces) {
  for (const Piece& piece : pieces) {
    if (!piece.source) continue;
    Sequence& s = *piece.sequence;
    if (Status read = session_->read_source(s.state, s.request->prompt, s.request->adapter); !read.ok())
      fail(s, read.error().to_string());
  }
  std::erase_if(pieces, [](const Piece& piece) { return piece.source; });
  for (const Piece& piece : pieces) {
    Sequence& s = *piece.sequence;
    const size_t own = static_cast<size_t>(piece.rows) - piece.draft.size();
    const auto first = s.text.begin() + static_cast<std::ptrdiff_t>(s.read());
    reading_.assign(first, first + static_cast<std::ptrdiff_t>(own));
    reading_.insert(reading_.end(), piece.draft.begin(), piece.draft.end());
    const bool is_answer = s.read() >= s.in_pieces;
    session_->append({.ids = reading_,
                      .state = &s.state,
                      .text_length = s.in_pieces,
                      .adapter = s.request->adapter,
                      .path = is_answer ? kernels::AttentionPath::kEach : kernels::AttentionPath::kBlocks},
                     piece.wanted);
  }
  return !pieces.empty();
}

// One forward pass over all pieces, or, of a model that cannot mix adapters, one over those of each.
void Scheduler::pass() {
  std::vector<Piece> pieces = plan();
  make_room(pieces);
  while (!pieces.empty()) {
    std::vector<Piece> others;
    if (!model_->mixes_adapters) {
      const int32_t adapter = pieces.front().sequence->request->adapter;
      auto of_others = std::stable_partition(pieces.begin(), pieces.end(), [&](const Piece& piece) {
        return piece.sequence->request->adapter == adapter;
      });
      others.assign(of_others, pieces.end());
      pieces.erase(of_others, pieces.end());
    }
    if (append(pieces)) {
      auto logits = session_->logits();
      Status whole = model_->check_files();  // or weights were read as zeros
      if (!logits.ok() || !whole.ok()) {
        fail_running((logits.ok() ? whole.error() : logits.error()).to_string());
        return;
      }
      take(pieces, *logits);
    }
    pieces = std::move(others);
  }
}

// What comes of the rows that were wanted: tokens of prompts with their probabilities, and new tokens.
void Scheduler::take(const std::vector<Piece>& pieces, std::span<const float> logits) {
  auto vocab = static_cast<size_t>(model_->outputs());
  for (const Piece& piece : pieces) {
    Sequence& s = *piece.sequence;
    std::span<const float> rows = logits.subspan(0, static_cast<size_t>(piece.wanted) * vocab);
    logits = logits.subspan(rows.size());
    if (tells_prompt(s)) tell_prompt(s, rows, piece.wanted);
    keep_prefix(s);
    if (piece.wanted == 0 || s.read() < s.length() || s.done) continue;
    if (!piece.draft.empty()) {
      take_draft(s, piece, rows);
      continue;
    }
    std::span<const float> row = rows.last(vocab);
    std::vector<Sequence*> answers{&s};
    if (!s.begun) begin_answers(s, answers);
    for (Sequence* answer : answers) accept(*answer, row);
  }
}

// The tokens that the last `count` rows read lead to, of the prompt; before them its first one, which none leads to.
void Scheduler::tell_prompt(Sequence& s, std::span<const float> rows, int64_t count) {
  auto vocab = static_cast<size_t>(model_->outputs());
  auto tell = [&](int64_t at, double logprob, std::vector<Candidate> top) {
    for (Candidate& other : top) other.chance = kNone;
    s.told = at + 1;
    emit(s, {.prompt = true,
             .id = s.text[static_cast<size_t>(at)],
             .logprob = logprob,
             .chance = kNone,
             .top = std::move(top)});
  };
  if (s.told == 0) tell(0, kNone, {});
  int64_t first = s.read() - count + 1;
  for (int64_t i = std::max<int64_t>(s.told - first, 0); i < count && first + i < s.prompt && !s.done; ++i) {
    std::span<const float> row = rows.subspan(static_cast<size_t>(i) * vocab, vocab);
    double logprob =
        static_cast<double>(row[static_cast<size_t>(s.text[static_cast<size_t>(first + i)])]) - log_sum_exp(row);
    tell(first + i, logprob, top_candidates(row, s.request->top_probabilities));
  }
}

// The prompt has been read: the other answers go on from the same state. One that cannot have it waits for its own.
void Scheduler::begin_answers(Sequence& first, std::vector<Sequence*>& answers) {
  prompt_tokens_ += static_cast<int64_t>(first.request->prompt.size());
  cached_tokens_ += first.cached;
  first.begun = true;
  auto place = std::find_if(running_.begin(), running_.end(), [&](const auto& s) { return s.get() == &first; });
  for (int64_t i = 1; i < first.request->answers; ++i) {
    auto other = std::make_unique<Sequence>(first, i, model_->outputs());
    other->id = ++sequences_;
    answers.push_back(other.get());
    if (auto state = first.state.fork(); state.ok()) {
      other->state = *std::move(state);
      place = running_.insert(place + 1, std::move(other));
    } else {
      waiting_.push_front(std::move(other));
    }
  }
}

// The logits under the rules of the request. Errors: a text that the grammar cannot go on with.
Result<std::span<const float>> Scheduler::allowed(const Sequence& s, std::span<const float> logits) {
  const TokenRequest& request = *s.request;
  if (request.rules == AnswerRules{} && !s.matcher) return logits;
  allowed_.assign(logits.begin(), logits.end());
  apply_rules(request.rules,
              {.text = s.text,
               .prompt = s.prompt,
               .source = encodes_ ? std::span<const int32_t>(request.prompt) : std::span<const int32_t>{},
               .max_tokens = request.max_tokens,
               .ends = request.stop_ids},
              allowed_);
  if (s.matcher) MALMOI_TRY(s.matcher->forbid(allowed_));
  return std::span<const float>(allowed_);
}

void Scheduler::accept(Sequence& s, std::span<const float> logits) {
  const TokenRequest& request = *s.request;
  if (request.max_tokens == 0) {  // the prompt was read, nothing is wanted
    emit(s, {.answer = s.answer, .finish = FinishReason::kLength});
    return;
  }
  if (s.matcher && s.matcher->is_ended_only()) {
    emit(s, {.answer = s.answer, .finish = FinishReason::kStop});
    return;
  }
  const auto scores = allowed(s, logits);
  if (!scores.ok()) {
    fail(s, scores.error().to_string());
    return;
  }
  if (is_forbidden(*scores)) {
    if (s.matcher && s.matcher->can_end()) emit(s, {.answer = s.answer, .finish = FinishReason::kStop});
    else fail(s, "the rules for the answer leave no token");
    return;
  }
  Candidate chosen = s.sampler.next(*scores, logits);
  if (!std::isfinite(chosen.logprob)) {
    fail(s, "the model gave a value that is not a number; try --dtype f32");
    return;
  }
  if (std::find(request.stop_ids.begin(), request.stop_ids.end(), chosen.id) != request.stop_ids.end()) {
    emit(s, {.answer = s.answer, .finish = FinishReason::kStop});
    return;
  }
  if (s.matcher && !s.matcher->accept(chosen.id)) {
    const Status grammar = s.matcher->status();
    fail(s, grammar.ok() ? "the grammar does not go on with a token that it allowed" : grammar.error().to_string());
    return;
  }
  Token token{.answer = s.answer, .id = chosen.id, .logprob = chosen.logprob, .chance = chosen.chance};
  if (request.top_probabilities > 0) token.top = top_candidates(logits, request.top_probabilities);
  for (Candidate& c : token.top) c.chance = s.sampler.chance(c.id);
  s.sampler.observe(chosen.id, true);
  s.text.push_back(chosen.id);
  ++generated_tokens_;  // before it is handed out: who has an answer finds its tokens in the statistics
  if (s.length() - s.prompt >= request.max_tokens) token.finish = FinishReason::kLength;
  if (s.matcher && s.matcher->is_ended_only()) token.finish = FinishReason::kStop;  // whole: nothing else may follow
  emit(s, std::move(token));
  if (!s.done) switch_when_long(s);
}

// From one length on all positions of a text are rotated otherwise: its keys are made again, by the same pieces that a
// prompt of that length would be read in.
void Scheduler::switch_when_long(Sequence& s) {
  int64_t beyond = model_->sizes.switch_length;
  if (beyond == 0 || s.length() != beyond + 1) return;
  s.in_pieces = s.length();
  s.state.truncate(0);
}

}  // namespace malmoi::infer
