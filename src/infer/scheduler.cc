#include "infer/scheduler.h"

#include <algorithm>

#include "base/mapped_files.h"
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

Status check_biases(const SamplingOptions& sampling, int64_t vocab_size) {
  for (const auto& [id, bias] : sampling.logit_bias) {
    if (id < 0 || id >= vocab_size)
      return usage_error("token " + std::to_string(id) + " is outside the vocabulary of " + std::to_string(vocab_size),
                         "logit_bias", "use ids of the model's own tokenizer");
  }
  return {};
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
  if (scheduler->encodes_ && (model.decoder_start_token_id < 0 || model.decoder_start_token_id >= model.vocab_size()))
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
  MALMOI_TRY(check_mapped_files());
  MALMOI_TRY(request.sampling.check());
  MALMOI_TRY(check_biases(request.sampling, model_->vocab_size()));
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
  uint64_t client = shared->client;
  auto sequence =
      std::make_unique<Sequence>(std::move(shared), std::move(handler), std::move(begin), model_->vocab_size());
  sequence->turns = turns_of(client);
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
    next.turns->read = std::max(next.turns->read, clock_);  // what passed while it waited is not made up for
    if (state.ok()) next.state = *std::move(state);
    else fail(next, state.error().to_string());
    if (state.ok()) running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
}

void Scheduler::emit(Sequence& s, const Token& token) {
  if (token.finish != FinishReason::kNone) s.done = true;
  if (!s.handler(token)) s.done = true;
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
