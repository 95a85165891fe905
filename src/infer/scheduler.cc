#include "infer/scheduler.h"

#include <algorithm>
#include <cmath>
#include <exception>

#include "infer/scheduler_sequence.h"

namespace malmoi::infer {
namespace {

// Tokens of an answer that a request must have room for when it is let in: fewer would have it sent back to wait soon.
constexpr int64_t kRoomForAnswer = 256;

// The most positions, up to `most`, that the pool can hold of one sequence.
int64_t longest(const nn::StatePool& pool, int64_t most, int64_t memory, int64_t step) {
  int64_t fits = 0;
  for (int64_t above = most + 1; above - fits > 1;) {
    int64_t middle = fits + (above - fits) / 2;
    (pool.bytes_for(middle, memory, step) <= pool.budget() ? fits : above) = middle;
  }
  return fits;
}

}  // namespace

Scheduler::Scheduler(const model::Model& model, const SchedulerOptions& options)
    : model_(&model), options_(options), encodes_(model.task() == model::Task::kSeq2Seq) {
  options_.max_running = std::max<int64_t>(options_.max_running, 1);
  options_.prefill_rows = std::max<int64_t>(options_.prefill_rows, 1);
}

Scheduler::~Scheduler() = default;

Result<std::unique_ptr<Scheduler>> Scheduler::create(const model::Model& model, const SchedulerOptions& options) {
  MALMOI_TRY(check_generates(model));
  std::unique_ptr<Scheduler> scheduler(new Scheduler(model, options));
  if (scheduler->encodes_ && model.decoder_start_token_id < 0)
    return usage_error("the model does not say how an answer begins", "config.json",
                       "add decoder_start_token_id to it");
  MALMOI_ASSIGN(scheduler->session_,
                Session::create(model, {.row_invariant = true, .state_bytes = options.state_bytes}));
  const nn::StatePool& pool = scheduler->session_->pool();
  scheduler->context_length_ =
      longest(pool, model.max_positions(), scheduler->encodes_ ? 1 : 0, scheduler->options_.prefill_rows);
  constexpr int64_t kLeastPositions = 2;  // a token that is read and one that is written
  if (scheduler->context_length_ < kLeastPositions)
    return out_of_memory("a budget of " + std::to_string(pool.budget()) + " bytes does not hold one sequence",
                         "state pool", "give the pool a larger budget");
  return scheduler;
}

Status Scheduler::check(const TokenRequest& request) const {
  MALMOI_TRY(request.sampling.check());
  const std::vector<int32_t>& prompt = request.prompt;
  if (prompt.empty()) return usage_error("the prompt is empty", "prompt", "give at least one token");
  for (size_t i = 0; i < prompt.size(); ++i) {
    if (prompt[i] < 0 || prompt[i] >= model_->vocab_size())
      return usage_error("token " + std::to_string(prompt[i]) + " is outside the vocabulary of " +
                             std::to_string(model_->vocab_size()),
                         "prompt, position " + std::to_string(i), "use the tokenizer that belongs to the model");
  }
  if (request.max_tokens < 0) return usage_error("max_tokens is negative", "max_tokens", "use 0 or more");
  if (request.answers < 1) return usage_error("no answer is asked for", "answers", "use 1 or more");
  auto length = static_cast<int64_t>(prompt.size());
  if (encodes_ ? length > model_->max_positions() : length >= model_->max_positions())
    return usage_error(
        "the prompt has " + std::to_string(length) + " tokens, the context " + std::to_string(model_->max_positions()),
        "prompt", "shorten the prompt");
  if (room_for_answer(request) < 1)
    return usage_error("the prompt has " + std::to_string(length) + " tokens, the memory for states does not hold it",
                       "prompt", "shorten the prompt, or give the pool a larger budget");
  return {};
}

// Tokens that an answer may have at the most.
int64_t Scheduler::room_for_answer(const TokenRequest& request) const {
  auto length = static_cast<int64_t>(request.prompt.size());
  if (!encodes_) return context_length_ - length;
  return longest(session_->pool(), model_->max_positions(), length, options_.prefill_rows) - 1;
}

Status Scheduler::submit(TokenRequest request, TokenHandler handler) {
  MALMOI_TRY(check(request));
  request.max_tokens = std::min(request.max_tokens, room_for_answer(request));
  auto shared = std::make_shared<const TokenRequest>(std::move(request));
  std::vector<int32_t> begin = encodes_ ? std::vector<int32_t>{model_->decoder_start_token_id} : shared->prompt;
  waiting_.push_back(
      std::make_unique<Sequence>(std::move(shared), std::move(handler), std::move(begin), model_->vocab_size()));
  ++requests_;
  publish();
  return {};
}

SchedulerStats Scheduler::stats() const {
  return {.running = num_running_,
          .waiting = num_waiting_,
          .prompt_tokens = prompt_tokens_,
          .generated_tokens = generated_tokens_,
          .requests = requests_,
          .state_bytes = state_bytes_,
          .state_budget = session_->pool().budget()};
}

void Scheduler::publish() {
  auto answers = [](const Sequences& sequences) {
    int64_t sum = 0;
    for (const auto& s : sequences) sum += s->answers_to_come();
    return sum;
  };
  num_running_ = answers(running_);
  num_waiting_ = answers(waiting_);
  state_bytes_ = session_->pool().in_use();
}

bool Scheduler::step() {
  end_cancelled(waiting_, false);
  end_cancelled(running_, false);
  admit();
  publish();
  try {
    pass();
  } catch (const std::exception& error) {  // no memory for activations: what ran ends with that, the rest goes on
    fail_running(std::string("the engine failed: ") + error.what());
  }
  std::erase_if(running_, [](const auto& s) { return s->done; });
  std::erase_if(waiting_, [](const auto& s) { return s->done; });
  publish();
  return !running_.empty() || !waiting_.empty();
}

void Scheduler::cancel() {
  end_cancelled(waiting_, true);
  end_cancelled(running_, true);
  publish();
}

// Ends those whose client went away, or all.
void Scheduler::end_cancelled(Sequences& sequences, bool all) {
  for (auto& s : sequences) {
    if (!all && !s->cancelled()) continue;
    for (int64_t i = s->answers_to_come(); i-- > 0;)
      emit(*s, {.answer = s->answer + i, .finish = FinishReason::kCancelled});
  }
  std::erase_if(sequences, [](const auto& s) { return s->done; });
}

size_t Scheduler::bytes_wanted(const Sequence& s) const {
  const nn::StatePool& pool = session_->pool();
  int64_t memory = encodes_ ? static_cast<int64_t>(s.request->prompt.size()) : 0;
  int64_t length = std::min(s.length() + kRoomForAnswer, s.prompt + s.request->max_tokens);
  size_t one = pool.bytes_for(length, memory, options_.prefill_rows);
  // Answers share the pages that the prompt fills.
  size_t shared =
      pool.bytes_for(s.prompt / nn::StatePool::kPageRows * nn::StatePool::kPageRows, memory, options_.prefill_rows);
  return one + static_cast<size_t>(s.answers_to_come() - 1) * (one - std::min(shared, one));
}

// Whether a sequence may run beside those that do, each of which has yet to take some of what it wants.
bool Scheduler::has_room(const Sequence& next) const {
  if (running_.empty()) return true;
  int64_t answers = next.answers_to_come();
  size_t bytes = session_->pool().in_use() + bytes_wanted(next);
  for (const auto& s : running_) {
    answers += s->answers_to_come();
    size_t wanted = bytes_wanted(*s);
    bytes += wanted - std::min(wanted, s->state.bytes());
  }
  return answers <= options_.max_running && bytes <= session_->pool().budget();
}

// In the order of their coming: one that needs much is not passed by for ever by those that need little.
void Scheduler::admit() {
  while (!waiting_.empty() && has_room(*waiting_.front())) {
    Sequence& next = *waiting_.front();
    auto state = session_->open();
    if (!state.ok() && !running_.empty()) return;
    if (state.ok()) next.state = *std::move(state);
    else fail(next, state.error().to_string());
    if (state.ok()) running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
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
  std::vector<Sequence*> ready;
  bool rows = false;
  for (const Piece& piece : pieces) {
    Sequence& s = *piece.sequence;
    if (piece.source) {
      if (Status read = session_->read_source(s.state, s.request->prompt); !read.ok())
        fail(s, read.error().to_string());
      continue;
    }
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

void Scheduler::emit(Sequence& s, const Token& token) {
  if (token.finish != FinishReason::kNone) s.done = true;
  if (!s.handler(token)) s.done = true;
}

void Scheduler::fail(Sequence& s, const std::string& why) {
  for (int64_t i = 0; i < s.answers_to_come(); ++i)
    emit(s, {.answer = s.answer + i, .finish = FinishReason::kError, .error = why});
}

void Scheduler::fail_running(const std::string& why) {
  for (auto& s : running_) {
    if (!s->done) fail(*s, why);
  }
}

}  // namespace malmoi::infer
