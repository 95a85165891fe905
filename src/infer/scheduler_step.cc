// One step of the scheduler: who reads what, room for it, one forward pass, and what comes of it.
#include <algorithm>
#include <cmath>
#include <exception>

#include "infer/scheduler_sequence.h"

namespace malmoi::infer {

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

// Answers under way take a token each. Prompts share the rows of a step: who has read least comes first.
std::vector<Scheduler::Piece> Scheduler::plan() {
  std::vector<Piece> pieces;
  std::vector<Sequence*> prompts;
  for (auto& s : running_) {
    if (s->read() < s->prompt || lacks_source(*s)) prompts.push_back(s.get());
    else pieces.push_back({s.get(), 1});
  }
  std::stable_sort(prompts.begin(), prompts.end(),
                   [](const Sequence* a, const Sequence* b) { return a->read() < b->read(); });
  int64_t left = options_.prefill_rows;
  for (Sequence* s : prompts) {
    Piece piece{s, static_cast<int64_t>(s->request->prompt.size()), true};
    // A prompt is cut at multiples of prefill_rows whatever else there is to read: kernels sum in another order for a
    // piece of another length, and an answer must not depend on what runs beside it.
    if (!lacks_source(*s))
      piece = {s, std::min(s->prompt - s->read(), options_.prefill_rows - s->read() % options_.prefill_rows)};
    bool first = left == options_.prefill_rows;  // a source is read whole, however long
    if (piece.rows > left && !first) continue;
    pieces.push_back(piece);
    left -= std::min(left, piece.rows);
  }
  return pieces;
}

bool Scheduler::lacks_source(const Sequence& s) const { return encodes_ && s.state.memory_length() == 0; }

// Reserves what the pieces write. Where the pool is spent, the youngest waits again and its piece is left out.
void Scheduler::make_room(std::vector<Piece>& pieces) {
  for (size_t i = 0; i < pieces.size();) {
    const Piece& piece = pieces[i];
    nn::SequenceState& state = piece.sequence->state;
    Status room = piece.source ? state.reserve_memory(piece.rows) : state.reserve(state.length() + piece.rows);
    if (room.ok()) {
      ++i;
      continue;
    }
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

// One forward pass over all pieces; sources of encoders go before it, each by itself.
void Scheduler::pass() {
  std::vector<Piece> pieces = plan();
  make_room(pieces);
  for (const Piece& piece : pieces) {
    if (!piece.source) continue;
    Sequence& s = *piece.sequence;
    if (Status read = session_->read_source(s.state, s.request->prompt); !read.ok()) fail(s, read.error().to_string());
  }
  std::vector<Sequence*> ready;
  bool rows = false;
  for (const Piece& piece : pieces) {
    if (piece.source) continue;
    Sequence& s = *piece.sequence;
    bool whole = s.read() + piece.rows == s.length();
    std::span<const int32_t> ids(s.text.data() + s.read(), static_cast<size_t>(piece.rows));
    session_->append(s.state, ids, whole ? 1 : 0);
    rows = true;
    if (whole) ready.push_back(&s);
  }
  if (!rows) return;
  auto logits = session_->logits();
  if (!logits.ok()) {
    fail_running(logits.error().to_string());
    return;
  }
  auto vocab = static_cast<size_t>(model_->vocab_size());
  for (size_t i = 0; i < ready.size(); ++i) {
    std::span<const float> row = logits->subspan(i * vocab, vocab);
    std::vector<Sequence*> answers{ready[i]};
    if (!ready[i]->begun) begin_answers(*ready[i], answers);
    for (Sequence* answer : answers) accept(*answer, row);
  }
}

// The prompt has been read: the other answers go on from the same state. One that cannot have it waits for its own.
void Scheduler::begin_answers(Sequence& first, std::vector<Sequence*>& answers) {
  prompt_tokens_ += static_cast<int64_t>(first.request->prompt.size());
  first.begun = true;
  auto place = std::find_if(running_.begin(), running_.end(), [&](const auto& s) { return s.get() == &first; });
  for (int64_t i = 1; i < first.request->answers; ++i) {
    auto other = std::make_unique<Sequence>(first, i, model_->vocab_size());
    answers.push_back(other.get());
    if (auto state = first.state.fork(); state.ok()) {
      other->state = *std::move(state);
      place = running_.insert(place + 1, std::move(other));
    } else {
      waiting_.push_front(std::move(other));
    }
  }
}

void Scheduler::accept(Sequence& s, std::span<const float> logits) {
  const TokenRequest& request = *s.request;
  if (request.max_tokens == 0) {  // the prompt was read, nothing is wanted
    emit(s, {.answer = s.answer, .finish = FinishReason::kLength});
    return;
  }
  Candidate chosen = s.sampler.next(logits);
  if (!std::isfinite(chosen.logprob)) {
    fail(s, "the model gave a value that is not a number; try --dtype f32");
    return;
  }
  if (std::find(request.stop_ids.begin(), request.stop_ids.end(), chosen.id) != request.stop_ids.end()) {
    emit(s, {.answer = s.answer, .finish = FinishReason::kStop});
    return;
  }
  Token token{.answer = s.answer, .id = chosen.id, .logprob = chosen.logprob, .chance = chosen.chance};
  if (request.top_probabilities > 0) token.top = top_candidates(logits, request.top_probabilities);
  for (Candidate& c : token.top) c.chance = s.sampler.chance(c.id);
  s.sampler.observe(chosen.id, true);
  s.text.push_back(chosen.id);
  ++generated_tokens_;  // before it is handed out: who has an answer finds its tokens in the statistics
  if (s.length() - s.prompt >= request.max_tokens) token.finish = FinishReason::kLength;
  emit(s, token);
}

}  // namespace malmoi::infer
