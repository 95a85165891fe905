#include "infer/engine.h"

#include <chrono>
#include <utility>

#include "base/log.h"
#include "infer/text_stream.h"

namespace malmoi::infer {
namespace {

Error stopping_error() { return {ErrorCode::kCancelled, "the server is stopping", "", "try again later"}; }

}  // namespace

Result<std::unique_ptr<Engine>> Engine::create(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                               const EngineOptions& options) {
  MALMOI_ASSIGN(auto scheduler, Scheduler::create(model, options));
  return std::unique_ptr<Engine>(new Engine(tokenizer, std::move(scheduler)));
}

Engine::Engine(const tokenizer::Tokenizer& tokenizer, std::unique_ptr<Scheduler> scheduler)
    : tokenizer_(&tokenizer),
      breakers_(tokenizer),
      constraints_(tokenizer),
      scheduler_(std::move(scheduler)),
      thread_([this] { loop(); }) {}

Engine::~Engine() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = cancel_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

Status Engine::submit(Request request, TokenSink sink) {
  MALMOI_TRY(scheduler_->check(request));
  breakers_.fill(request.sampling);
  if (request.constraint) {
    MALMOI_ASSIGN(request.grammar, constraints_.compile(*request.constraint));
  }
  request.came = monotonic_seconds();
  TokenHandler tokens = text_handler(*tokenizer_, request, std::move(sink));
  std::lock_guard lock(mutex_);
  if (stopping_) return stopping_error();
  inbox_.push_back({std::move(request), std::move(tokens)});
  wake_.notify_all();
  return {};
}

Status Engine::prepare(const chat::Constraint& constraint) {
  auto compiled = constraints_.compile(constraint);
  return compiled.ok() ? Status() : compiled.error();
}

Status Engine::run(std::function<void()> work) {
  std::packaged_task<void()> task(std::move(work));
  std::future<void> done = task.get_future();
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return stopping_error();
    work_.push_back(std::move(task));
    wake_.notify_all();
  }
  done.get();
  return {};
}

EngineStats Engine::stats() const {
  std::lock_guard lock(mutex_);
  EngineStats stats = scheduler_->stats();
  for (const Submission& s : inbox_) stats.waiting += s.request.answers;
  stats.requests += static_cast<int64_t>(inbox_.size());
  return stats;
}

void Engine::drain(double seconds) {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  wake_.notify_all();
  auto done = [this] { return !busy_ && !has_news(); };
  if (idle_.wait_for(lock, std::chrono::duration<double>(seconds), done)) return;
  cancel_ = true;
  idle_.wait(lock, done);
}

void Engine::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || busy_ || has_news(); });
    if (!busy_ && !has_news()) return;
    // What came in is counted by the scheduler before anyone can look again.
    for (Submission& s : inbox_) (void)scheduler_->submit(std::move(s.request), std::move(s.handler));  // was checked
    inbox_.clear();
    std::vector<std::packaged_task<void()>> work = std::exchange(work_, {});
    busy_ = true;
    bool cancel = cancel_;
    lock.unlock();
    for (std::packaged_task<void()>& task : work) task();  // keeps what it throws
    if (cancel) scheduler_->cancel();
    bool more = scheduler_->step();
    lock.lock();
    busy_ = more;
    if (!busy_ && !has_news()) idle_.notify_all();
  }
}

}  // namespace malmoi::infer
