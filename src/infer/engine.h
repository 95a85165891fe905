// The engine: a queue and one thread over a scheduler, so that requests may come from anywhere.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "infer/generate.h"
#include "infer/scheduler.h"
#include "infer/constraints.h"
#include "infer/sequence_breakers.h"

namespace malmoi::infer {

using EngineOptions = SchedulerOptions;
using EngineStats = SchedulerStats;

/// Owns a thread that computes; sinks are called on it. submit(), stats() and drain() may be called from any thread. A
/// request's tokens do not depend on what runs beside it.
class Engine {
 public:
  /// Errors: as Scheduler::create. Model and tokenizer outlive the engine.
  static Result<std::unique_ptr<Engine>> create(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                                const EngineOptions& options = {});
  ~Engine();  // cancels what runs

  /// The longest prompt and answer together, in tokens: what the model reads and its memory holds.
  int64_t context_length() const { return scheduler_->context_length(); }
  const model::Model& model() const { return scheduler_->model(); }
  /// Queues a request. Errors: as Scheduler::check and prepare(); an engine that is stopping.
  Status submit(Request request, TokenSink sink);
  /// Compiles a rule for answers, which takes long for a large one: a request with it is then submitted at once. Errors: as
  /// grammar::compile.
  Status prepare(const chat::Constraint& constraint);
  /// Runs `work` on the engine's thread between two steps, and returns once it is done: a model computes on one thread at a
  /// time. What it throws is thrown here. Errors: an engine that is stopping.
  Status run(std::function<void()> work);
  EngineStats stats() const;
  /// Refuses new requests and returns when those running are done, or cancelled once `seconds` have passed.
  void drain(double seconds);

 private:
  struct Submission {
    TokenRequest request;
    TokenHandler handler;
  };
  Engine(const tokenizer::Tokenizer& tokenizer, std::unique_ptr<Scheduler> scheduler);
  void loop();
  bool has_news() const { return !inbox_.empty() || !work_.empty(); }

  const tokenizer::Tokenizer* tokenizer_;
  SequenceBreakerFinder breakers_;
  Constraints constraints_;
  std::unique_ptr<Scheduler> scheduler_;  // the thread's own, but for what it lets any thread ask
  mutable std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::vector<Submission> inbox_;  // guarded by mutex_, as all below
  std::vector<std::packaged_task<void()>> work_;
  bool busy_ = false;  // there is something to do
  bool stopping_ = false, cancel_ = false;
  std::thread thread_;
};

}  // namespace malmoi::infer
