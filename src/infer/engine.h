// The engine: many requests decoded together on one thread, each streamed to whoever asked.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "infer/runner.h"
#include "infer/sampling.h"
#include "model/model.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::infer {

/// What to generate.
struct Request {
  std::vector<int32_t> prompt;  // at least one token
  int64_t max_tokens = 256;
  SamplingOptions sampling;
  std::vector<std::string> stop;  // texts that end the answer and are not part of it
  std::vector<int32_t> stop_ids;  // tokens that end the answer and are not part of it (end of text)
  int64_t top_probabilities = 0;  // alternatives to report with each token
  bool skip_special = true;       // special tokens print as nothing
  std::shared_ptr<const std::atomic<bool>>
      cancel;  // if there is one and it turns true, the request ends, waiting or running
};

enum class FinishReason { kNone, kStop, kLength, kCancelled, kError };

/// One generated token. `text` is what became certain with it: never half a character, never part of a stop text; it may
/// be empty, and a later token's text may belong to several tokens.
struct TokenEvent {
  int32_t id = -1;  // -1: no token, text alone (the rest at the end)
  std::string text;
  double logprob = 0;                         // of the token, before sampling options
  double chance = 0;                          // of the token, after them
  std::vector<Candidate> top;                 // the most probable before them
  FinishReason finish = FinishReason::kNone;  // set on the last event
  std::string error;                          // with kError
};

/// Called on the engine's thread, in order; returns false to cancel. Must not block for long.
using EventHandler = std::function<bool(const TokenEvent& event)>;

struct EngineStats {
  int64_t running = 0, waiting = 0;
  int64_t prompt_tokens = 0, generated_tokens = 0, requests = 0;
  size_t state_bytes = 0;
};

struct EngineOptions {
  int64_t max_running = 32;    // sequences decoded together
  int64_t prefill_rows = 512;  // prompt tokens taken in one step at most, so that running answers go on meanwhile
};

/// Owns a thread that computes. submit() and stats() may be called from any thread. A request's tokens do not depend on
/// what runs beside it.
class Engine {
 public:
  Engine(const model::Model& model, const tokenizer::Tokenizer& tokenizer, const EngineOptions& options = {});
  ~Engine();  // cancels what runs

  /// The longest prompt and answer together, in tokens.
  int64_t context_length() const { return model_->max_positions(); }
  /// Queues a request. Errors: an empty prompt, ids outside the vocabulary, a prompt that leaves no room in the context,
  /// sampling values out of range, an engine that is stopping.
  Status submit(Request request, EventHandler handler);
  EngineStats stats() const;
  /// Refuses new requests and returns when those running are done, or cancelled once `seconds` have passed.
  void drain(double seconds);

 private:
  struct Sequence;
  void loop();
  void end_cancelled(std::vector<std::unique_ptr<Sequence>>& sequences, bool all);
  void guarded_step();
  void step();
  void accept(Sequence& sequence, std::span<const float> logits);
  void emit(Sequence& sequence, TokenEvent event);

  const model::Model* model_;
  const tokenizer::Tokenizer* tokenizer_;
  EngineOptions options_;
  Runner runner_;
  mutable std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::vector<std::unique_ptr<Sequence>> waiting_;  // guarded by mutex_
  std::vector<std::unique_ptr<Sequence>> running_;  // the thread's own
  EngineStats stats_;                               // guarded by mutex_
  bool stopping_ = false, cancel_ = false;          // guarded by mutex_
  std::thread thread_;
};

/// Generates on the calling thread and streams to `handler`; the same tokens as an Engine would give.
Status generate(const model::Model& model, const tokenizer::Tokenizer& tokenizer, Request request,
                const EventHandler& handler);

}  // namespace malmoi::infer
