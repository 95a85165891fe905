#include "infer/engine.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <optional>

#include "base/utf8.h"

namespace malmoi::infer {
namespace {

// Holds back text that may be the beginning of a stop text, and cuts at the first stop text that is whole.
class StopFilter {
 public:
  explicit StopFilter(std::vector<std::string> stops) : stops_(std::move(stops)) {
    std::erase_if(stops_, [](const std::string& s) { return s.empty(); });
  }

  /// The text that is now certain; sets `stopped` where a stop text was found.
  std::string push(const std::string& text, bool& stopped) {
    held_ += text;
    size_t first = std::string::npos;
    for (const std::string& stop : stops_) first = std::min(first, held_.find(stop));
    if (first != std::string::npos) {
      stopped = true;
      return take(first);
    }
    size_t safe = held_.size();
    for (const std::string& stop : stops_) safe = std::min(safe, held_.size() - overlap(stop));
    return take(safe);
  }
  std::string finish() { return take(held_.size()); }

 private:
  // The longest end of what is held that begins `stop`.
  size_t overlap(const std::string& stop) const {
    for (size_t n = std::min(stop.size() - 1, held_.size()); n > 0; --n) {
      if (held_.compare(held_.size() - n, n, stop, 0, n) == 0) return n;
    }
    return 0;
  }
  std::string take(size_t n) {
    std::string out = held_.substr(0, n);
    held_.erase(0, n);
    return out;
  }
  std::vector<std::string> stops_;
  std::string held_;
};

Status check_request(const Request& request, const model::Model& model) {
  MALMOI_TRY(request.sampling.check());
  if (request.prompt.empty()) return usage_error("the prompt is empty", "prompt", "give at least one token");
  for (size_t i = 0; i < request.prompt.size(); ++i) {
    if (request.prompt[i] < 0 || request.prompt[i] >= model.vocab_size())
      return usage_error("token " + std::to_string(request.prompt[i]) + " is outside the vocabulary of " +
                             std::to_string(model.vocab_size()),
                         "prompt, position " + std::to_string(i), "use the tokenizer that belongs to the model");
  }
  auto length = static_cast<int64_t>(request.prompt.size());
  if (length >= model.max_positions())
    return usage_error(
        "the prompt has " + std::to_string(length) + " tokens, the context " + std::to_string(model.max_positions()),
        "prompt", "shorten the prompt");
  if (request.max_tokens < 0) return usage_error("max_tokens is negative", "max_tokens", "use 0 or more");
  return {};
}

}  // namespace

struct Engine::Sequence {
  Request request;
  EventHandler handler;
  nn::SequenceState state;
  Sampler sampler;
  tokenizer::StreamDecoder decoder;
  StopFilter stops;
  size_t read = 0;              // prompt tokens already in the state
  std::optional<int32_t> last;  // generated, not yet in the state
  int64_t generated = 0;
  bool done = false;

  Sequence(Request r, EventHandler h, nn::SequenceState s, const model::Model& model,
           const tokenizer::Tokenizer& tokenizer)
      : request(std::move(r)),
        handler(std::move(h)),
        state(std::move(s)),
        sampler(request.sampling, model.vocab_size()),
        decoder(tokenizer, request.skip_special),
        stops(request.stop) {
    for (int32_t id : request.prompt) sampler.observe(id);
  }
  bool cancelled() const { return request.cancel && request.cancel->load(std::memory_order_relaxed); }
};

Engine::Engine(const model::Model& model, const tokenizer::Tokenizer& tokenizer, const EngineOptions& options)
    : model_(&model), tokenizer_(&tokenizer), options_(options), runner_(model, true), thread_([this] { loop(); }) {}

Engine::~Engine() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = cancel_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

Status Engine::submit(Request request, EventHandler handler) {
  MALMOI_TRY(check_request(request, *model_));
  request.max_tokens =
      std::min(request.max_tokens, model_->max_positions() - static_cast<int64_t>(request.prompt.size()));
  auto sequence =
      std::make_unique<Sequence>(std::move(request), std::move(handler), runner_.new_state(), *model_, *tokenizer_);
  std::lock_guard lock(mutex_);
  if (stopping_) return Error{ErrorCode::kCancelled, "the server is stopping", "", "try again later"};
  ++stats_.requests;
  ++stats_.waiting;
  waiting_.push_back(std::move(sequence));
  wake_.notify_all();
  return {};
}

EngineStats Engine::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

void Engine::drain(double seconds) {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  wake_.notify_all();
  auto done = [this] { return stats_.running == 0 && stats_.waiting == 0; };
  if (idle_.wait_for(lock, std::chrono::duration<double>(seconds), done)) return;
  cancel_ = true;
  idle_.wait(lock, done);
}

void Engine::loop() {
  while (true) {
    bool cancel = false;
    std::vector<std::unique_ptr<Sequence>> given_up;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty() || !running_.empty(); });
      cancel = cancel_;
      for (auto& s : waiting_) {
        if (cancel || s->cancelled()) given_up.push_back(std::move(s));
      }
      std::erase(waiting_, nullptr);
      while (!waiting_.empty() && static_cast<int64_t>(running_.size()) < options_.max_running) {
        running_.push_back(std::move(waiting_.front()));
        waiting_.erase(waiting_.begin());
      }
      stats_.waiting = static_cast<int64_t>(waiting_.size());
      stats_.running = static_cast<int64_t>(running_.size() + given_up.size());
      if (stopping_ && running_.empty()) {
        idle_.notify_all();
        if (given_up.empty()) return;
      }
    }
    end_cancelled(given_up, true);
    end_cancelled(running_, cancel);
    guarded_step();
    std::erase_if(running_, [](const auto& s) { return s->done; });
    size_t bytes = 0;
    for (const auto& s : running_) bytes += s->state.bytes();
    std::lock_guard lock(mutex_);
    stats_.running = static_cast<int64_t>(running_.size());
    stats_.state_bytes = bytes;
    if (running_.empty() && waiting_.empty()) idle_.notify_all();
  }
}

// Ends those whose client went away, or all.
void Engine::end_cancelled(std::vector<std::unique_ptr<Sequence>>& sequences, bool all) {
  for (auto& s : sequences) {
    if (all || s->cancelled()) emit(*s, {.finish = FinishReason::kCancelled});
  }
  std::erase_if(sequences, [](const auto& s) { return s->done; });
}

// Memory may run out in the middle of a step; the requests that were running end with that, the engine goes on.
void Engine::guarded_step() {
  try {
    step();
  } catch (const std::exception& error) {
    for (auto& s : running_) {
      if (!s->done)
        emit(*s, {.finish = FinishReason::kError, .error = std::string("the engine failed: ") + error.what()});
    }
  }
}

// One forward pass: every running answer takes its next token, and prompts are read in pieces beside them.
void Engine::step() {
  nn::BatchBuilder batch;
  std::vector<int64_t> rows;
  std::vector<Sequence*> ready;
  int64_t prefill = options_.prefill_rows, prompt_rows = 0;
  for (auto& s : running_) {
    const std::vector<int32_t>& prompt = s->request.prompt;
    auto position = static_cast<int32_t>(s->state.length());
    if (s->last) {
      batch.add({&*s->last, 1}, position, &s->state);
    } else {
      // A prompt is cut at multiples of prefill_rows whatever else there is to read: kernels sum in another order for a
      // piece of another length, and an answer must not depend on what runs beside it.
      auto piece = static_cast<size_t>(options_.prefill_rows);
      size_t n = std::min(prompt.size() - s->read, piece - s->read % piece);
      if (static_cast<int64_t>(n) > prefill) continue;
      batch.add({prompt.data() + s->read, n}, position, &s->state);
      prefill -= static_cast<int64_t>(n);
      prompt_rows += static_cast<int64_t>(n);
      s->read += n;
      if (s->read < prompt.size()) continue;
    }
    rows.push_back(batch.rows() - 1);
    ready.push_back(s.get());
  }
  if (batch.rows() == 0) return;
  std::span<const float> logits = runner_.logits(batch.batch(), rows);
  {  // Counted before they are handed out: who has an answer finds its tokens in the statistics.
    std::lock_guard lock(mutex_);
    stats_.prompt_tokens += prompt_rows;
    stats_.generated_tokens += static_cast<int64_t>(ready.size());
  }
  auto vocab = static_cast<size_t>(model_->vocab_size());
  for (size_t i = 0; i < ready.size(); ++i) accept(*ready[i], logits.subspan(i * vocab, vocab));
}

void Engine::accept(Sequence& s, std::span<const float> logits) {
  if (s.generated >= s.request.max_tokens) {  // max_tokens 0: the prompt was read, nothing is wanted
    emit(s, {.finish = FinishReason::kLength});
    return;
  }
  Candidate token = s.sampler.next(logits);
  if (!std::isfinite(token.logprob)) {
    emit(s, {.finish = FinishReason::kError, .error = "the model gave a value that is not a number; try --dtype f32"});
    return;
  }
  const auto& ends = s.request.stop_ids;
  if (std::find(ends.begin(), ends.end(), token.id) != ends.end()) {
    emit(s, {.text = s.stops.finish() + s.decoder.finish(), .finish = FinishReason::kStop});
    return;
  }
  ++s.generated;
  s.last = token.id;
  TokenEvent event{.id = token.id, .logprob = token.logprob, .chance = token.chance};
  if (s.request.top_probabilities > 0) event.top = top_candidates(logits, s.request.top_probabilities);
  for (Candidate& c : event.top) c.chance = s.sampler.chance(c.id);
  s.sampler.observe(token.id, true);
  bool stopped = false;
  event.text = s.stops.push(s.decoder.push(token.id), stopped);
  if (stopped) {
    event.finish = FinishReason::kStop;
  } else if (s.generated >= s.request.max_tokens) {
    bool late = false;
    event.text += s.stops.push(s.decoder.finish(), late);
    if (!late) event.text += s.stops.finish();
    event.finish = late ? FinishReason::kStop : FinishReason::kLength;
  }
  emit(s, std::move(event));
}

void Engine::emit(Sequence& s, TokenEvent event) {
  if (event.finish != FinishReason::kNone) s.done = true;
  bool go_on = s.handler(event);
  if (!go_on) s.done = true;
}

Status generate(const model::Model& model, const tokenizer::Tokenizer& tokenizer, Request request,
                const EventHandler& handler) {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  Engine engine(model, tokenizer);
  MALMOI_TRY(engine.submit(std::move(request), [&](const TokenEvent& event) {
    bool go_on = handler(event);
    if (event.finish != FinishReason::kNone || !go_on) {
      std::lock_guard lock(mutex);
      done = true;
      changed.notify_all();
    }
    return go_on;
  }));
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return done; });
  return {};
}

}  // namespace malmoi::infer
