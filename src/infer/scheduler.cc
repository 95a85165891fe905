#include "infer/scheduler.h"

#include <algorithm>
#include <map>

#include "base/log.h"
#include "infer/scheduler_sequence.h"
#include "infer/state_rules.h"

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

Status check_written(int32_t id, const char* where, int64_t vocab_size) {
  if (id >= 0 && id < vocab_size) return {};
  return usage_error("token " + std::to_string(id) + " is outside the vocabulary of " + std::to_string(vocab_size),
                     where, "use ids of the model's own tokenizer");
}

}  // namespace

Scheduler::Scheduler(const model::Model& model, const SchedulerOptions& options)
    : model_(&model),
      options_(options),
      encodes_(model.task() == model::Task::kSeq2Seq),
      prefixes_(encodes_ ? 0 : options.prefix_bytes) {
  options_.max_running = std::max<int64_t>(options_.max_running, 1);
  options_.prefill_rows = std::max<int64_t>(options_.prefill_rows, 1);
}

Scheduler::~Scheduler() = default;

Result<std::unique_ptr<Scheduler>> Scheduler::create(const model::Model& model, const SchedulerOptions& options) {
  MALMOI_TRY(check_generates(model));
  std::unique_ptr<Scheduler> scheduler(new Scheduler(model, options));
  MALMOI_ASSIGN(
      scheduler->session_,
      Session::create(model, {.row_invariant = true, .state_bytes = options.state_bytes, .keys = options.keys}));
  const nn::StatePool& pool = scheduler->session_->pool();
  scheduler->can_truncate_ = can_truncate(pool);
  scheduler->cut_free_length_ = cut_free_length(pool);
  scheduler->context_length_ =
      longest(pool, model.max_positions(), scheduler->encodes_ ? 1 : 0, scheduler->options_.prefill_rows);
  constexpr int64_t kLeastPositions = 2;  // a token that is read and one that is written
  if (scheduler->context_length_ < kLeastPositions)
    return out_of_memory("a budget of " + std::to_string(pool.budget()) + " bytes does not hold one sequence",
                         "state pool", "give the pool a larger budget");
  return scheduler;
}

Status Scheduler::check(const TokenRequest& request) const {
  MALMOI_TRY(model_->check_files());
  MALMOI_TRY(request.sampling.check());
  for (const auto& [id, bias] : request.sampling.logit_bias)
    MALMOI_TRY(check_written(id, "logit_bias", model_->outputs()));
  MALMOI_TRY(request.rules.check(model_->outputs()));
  const bool forces = request.rules.forced_bos_token_id >= 0 || !request.rules.forced_eos_token_ids.empty();
  if (request.grammar && forces)
    return unsupported("an answer that must be of a grammar cannot be forced to begin or end with a token",
                       "constraint", "leave the constraint or the forced token out");
  if (encodes_ && request.begin.empty()) MALMOI_TRY(check_begins(*model_));
  for (int32_t id : request.begin) MALMOI_TRY(check_written(id, "begin", model_->outputs()));
  if (request.prompt_probabilities && encodes_)
    return unsupported("a prompt that an encoder reads has no probabilities", "prompt_probabilities", "leave it out");
  const std::vector<int32_t>& prompt = request.prompt;
  if (prompt.empty()) return usage_error("the prompt is empty", "prompt", "give at least one token");
  for (size_t i = 0; i < prompt.size(); ++i) {
    if (prompt[i] < 0 || prompt[i] >= model_->vocab_size())
      return usage_error("token " + std::to_string(prompt[i]) + " is outside the vocabulary of " +
                             std::to_string(model_->vocab_size()),
                         "prompt, position " + std::to_string(i), "use the tokenizer that belongs to the model");
  }
  if (request.max_tokens < 0) return usage_error("max_tokens is negative", "max_tokens", "use 0 or more");
  const bool adapted = request.adapter == 0 || (request.adapter >= -1 && request.adapter < model_->num_adapters);
  if (!adapted)
    return usage_error("there is no adapter " + std::to_string(request.adapter) + " beside the model", "adapter",
                       "choose one of " + std::to_string(model_->num_adapters));
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
  const auto begin = std::max<int64_t>(static_cast<int64_t>(request.begin.size()), 1);
  return longest(session_->pool(), model_->max_positions(), length, options_.prefill_rows) - begin;
}

Status Scheduler::submit(TokenRequest request, TokenHandler handler) {
  MALMOI_TRY(check(request));
  request.max_tokens = std::min(request.max_tokens, room_for_answer(request));
  auto shared = std::make_shared<const TokenRequest>(std::move(request));
  std::vector<int32_t> begin = shared->prompt;
  if (encodes_) begin = shared->begin.empty() ? std::vector<int32_t>{model_->decoder_start_token_id} : shared->begin;
  uint64_t client = shared->client;
  auto sequence =
      std::make_unique<Sequence>(std::move(shared), std::move(handler), std::move(begin), model_->outputs());
  sequence->turns = turns_of(client);
  sequence->id = ++sequences_;
  waiting_.push_back(std::move(sequence));
  ++requests_;
  publish();
  return {};
}

std::shared_ptr<Scheduler::Turns> Scheduler::turns_of(uint64_t client) const {
  for (const Sequences* sequences : {&running_, &waiting_}) {
    for (const auto& s : *sequences) {
      if (client != 0 && s->request->client == client) return s->turns;
    }
  }
  return std::make_shared<Turns>();
}

SchedulerStats Scheduler::stats() const {
  return {.running = num_running_,
          .waiting = num_waiting_,
          .prompt_tokens = prompt_tokens_,
          .generated_tokens = generated_tokens_,
          .requests = requests_,
          .cached_tokens = cached_tokens_,
          .draft_tokens = draft_tokens_,
          .accepted_draft_tokens = accepted_draft_tokens_,
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

void Scheduler::cancel() {
  end_cancelled(waiting_, true);
  end_cancelled(running_, true);
  publish();
}

// Ends those whose client went away, or all.
void Scheduler::end_cancelled(Sequences& sequences, bool all) {
  for (auto& s : sequences) {
    if (all || s->cancelled()) end(*s, {.finish = FinishReason::kCancelled});
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

// More than a step reads.
bool Scheduler::is_long(const Sequence& s) const {
  return static_cast<int64_t>(s.request->prompt.size()) > options_.prefill_rows;
}

int64_t Scheduler::answers_running(bool extra) const {
  int64_t answers = 0;
  for (const auto& s : running_) answers += s->extra == extra ? s->answers_to_come() : 0;
  return answers;
}

// What the pool must hold for a sequence beside those that run, each of which has yet to take some of what it wants.
size_t Scheduler::bytes_with(const Sequence& next) const {
  size_t bytes = session_->pool().in_use() + bytes_wanted(next);
  for (const auto& s : running_) {
    size_t wanted = bytes_wanted(*s);
    bytes += wanted - std::min(wanted, s->state.bytes());
  }
  return bytes;
}

// What is kept of prompts gives way to sequences, where that is enough; last what this one begins with.
bool Scheduler::makes_room_for(const Sequence& next) {
  const nn::StatePool& pool = session_->pool();
  const size_t budget = pool.budget(), wanted = bytes_with(next);
  if (wanted <= budget) return true;
  // Of what is kept, the prompts of those that run stay in memory with them.
  size_t freed = prefixes_.bytes();
  for (const auto& s : running_) freed -= std::min(freed, pool.bytes_for(s->prompt));
  if (wanted > budget + freed) return false;
  prefixes_.find(prefix_key(next), next.text);
  while (bytes_with(next) > budget) {
    if (!prefixes_.drop_oldest()) return false;
  }
  return true;
}

// Those that were sent back; then the first to come of the clients that have the fewest answers under way. One that waits has
// none at last, and is the first.
Scheduler::Sequences::iterator Scheduler::next_in_turn() {
  if (waiting_.front()->let_in || waiting_.front()->begun) return waiting_.begin();
  std::map<const Turns*, int64_t> under_way;
  for (const auto& s : running_) under_way[s->turns.get()] += s->answers_to_come();
  return std::min_element(waiting_.begin(), waiting_.end(), [&](const auto& a, const auto& b) {
    return under_way[a->turns.get()] < under_way[b->turns.get()];
  });
}

// The next in turn; where answers to long prompts leave it no place, a short one, in the places that are kept for these.
Scheduler::Sequences::iterator Scheduler::next_to_let_in(bool& extra) {
  auto next = next_in_turn();
  extra = false;
  if (running_.empty()) return next;
  if (answers_running(false) + (*next)->answers_to_come() > options_.max_running) {
    extra = true;
    bool waits_for_long = std::any_of(running_.begin(), running_.end(), [&](const auto& s) { return is_long(*s); });
    if (!waits_for_long) return waiting_.end();
    next = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& s) { return !is_long(*s); });
    if (next == waiting_.end() || answers_running(true) + (*next)->answers_to_come() > options_.max_running / 4)
      return waiting_.end();
  }
  // Who waits for memory is not passed by: one that needs much would wait for ever for those that need little.
  return makes_room_for(**next) ? next : waiting_.end();
}

void Scheduler::admit() {
  while (!waiting_.empty()) {
    bool extra = false;
    auto place = next_to_let_in(extra);
    if (place == waiting_.end()) return;
    Sequence& next = **place;
    auto state = state_for(next);
    if (!state.ok() && !running_.empty()) return;
    next.turns->read = std::max(next.turns->read, clock_);  // what passed while it waited is not made up for
    if (!next.let_in) next.waited = monotonic_seconds() - next.came;
    next.let_in = true;
    next.extra = extra;
    if (state.ok()) {
      next.state = *std::move(state);
      running_.push_back(std::move(*place));
    } else {
      fail(next, state.error().to_string());
    }
    waiting_.erase(place);
  }
}

void Scheduler::emit(Sequence& s, Token token) {
  if (token.finish != FinishReason::kNone) s.done = true;
  token.cached = s.cached;
  token.waited = s.waited;
  if (!s.handler(token)) s.done = true;
  if (s.done && options_.drafter) options_.drafter->forget(s.id);
}

// Ends a sequence and the answers that were to begin with it.
void Scheduler::end(Sequence& s, Token last) {
  for (int64_t i = 0; i < s.answers_to_come(); ++i) {
    last.answer = s.answer + i;
    emit(s, last);
  }
}

void Scheduler::fail(Sequence& s, const std::string& why) { end(s, {.finish = FinishReason::kError, .error = why}); }

void Scheduler::fail_running(const std::string& why) {
  for (auto& s : running_) {
    if (!s->done) fail(*s, why);
  }
}

}  // namespace malmoi::infer
