// A provider without a model, for the server's tests: it says what it is told to, and keeps what it was asked.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "chat/provider.h"

namespace malmoi::serve {

/// Answers each request with `script`, on a thread of its own.
class FakeProvider : public chat::Provider {
 public:
  ~FakeProvider() override {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

  chat::ModelInfo info() const override {
    if (throws_while_running && running_ > 0) throw std::runtime_error("no paper");
    return {.name = "fake", .created = 5, .context_length = 1000};
  }

  std::vector<chat::ModelInfo> models() const override {
    std::vector<chat::ModelInfo> all{info()};
    for (const std::string& name : beside) {
      all.push_back(info());
      all.back().name = name;
    }
    return all;
  }

  Result<chat::GenerationRequest> prepare(chat::GenerationRequest request) const override {
    if (refusal) return *refusal;
    if (std::holds_alternative<std::vector<chat::Message>>(request.prompt))
      request.form = {.family = family, .with_calls = request.tools.are_allowed()};
    return request;
  }

  Status generate(chat::GenerationRequest request, chat::TokenSink sink) override {
    std::lock_guard lock(mutex_);
    asked_.push_back(request);
    ++running_;
    threads_.emplace_back([this, request = std::move(request), sink = std::move(sink)] {
      std::set<int64_t> ended;  // answers
      for (const chat::TokenEvent& event : script) {
        while (&event == &script.back() && hold && !stopping_ && (deaf || !request.cancel.requested()))
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        if (!ended.contains(event.answer) && !sink(event)) ended.insert(event.answer);
      }
      --running_;
    });
    return {};
  }

  chat::ProviderStats stats() const override { return {.running = running_}; }
  void drain(double) override {
    while (deaf) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    stopping_ = true;
    (void)idle();
  }

  std::vector<chat::GenerationRequest> asked() const {
    std::lock_guard lock(mutex_);
    return asked_;
  }
  /// Whether it comes to rest within a time that only a failure reaches.
  bool idle() const {
    for (double end = monotonic_seconds() + 20; monotonic_seconds() < end;) {
      if (running_ == 0) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
  }

  std::vector<std::string> beside;             // names of models beside its own; set before the first request
  std::vector<chat::TokenEvent> script;        // set before the first request, as `refusal`
  const chat::AnswerFamily* family = nullptr;  // of answers to chats
  std::optional<Error> refusal;                // of prepare()
  std::atomic<bool> hold{false};  // the script's last event waits while this holds, or until it is cancelled
  std::atomic<bool> deaf{false};  // in the middle of a step: it does not look whether it is to stop
  std::atomic<bool> throws_while_running{false};  // info() does

 private:
  mutable std::mutex mutex_;
  std::vector<chat::GenerationRequest> asked_;  // guarded by mutex_
  std::vector<std::thread> threads_;            // guarded by mutex_
  std::atomic<int64_t> running_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace malmoi::serve
