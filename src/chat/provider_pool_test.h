// A pool over providers without weights, for its tests: models whose files, loading and answers are made up.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "chat/provider_pool.h"

namespace malmoi::chat {

using Held = std::shared_ptr<Provider>;

inline constexpr double kLong = 20;  // seconds: that only a failure takes

template <typename Condition>
bool comes(const Condition& condition) {
  for (double end = monotonic_seconds() + kLong; monotonic_seconds() < end;) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

// Answers with its own version, so that it can be told which one was asked.
class VersionProvider : public Provider {
 public:
  VersionProvider(std::string name, int version, std::function<bool()> is_whole)
      : name_(std::move(name)), version_(version), is_whole_(std::move(is_whole)) {}
  Status health() const override {
    return is_whole_() ? Status() : Status(invalid_data("the file was shortened", name_ + "/model"));
  }
  ModelInfo info() const override { return {.name = name_, .context_length = 100 + version_}; }
  Status generate(GenerationRequest, TokenSink sink) override {
    MALMOI_TRY(health());
    TokenEvent event;
    event.text = std::to_string(version_);
    event.finish = FinishReason::kStop;
    sink(event);
    ++answers_;
    return {};
  }
  ProviderStats stats() const override { return {.generated_tokens = answers_}; }
  void drain(double) override {}
  Result<Attention> attention(const AttentionRequest&) const override {
    Attention shown;
    shown.tokens.push_back({.id = 0, .piece = name_, .bytes = name_});
    return shown;
  }
  Result<FilledGaps> fill(const FillRequest&) const override {
    FilledGaps filled;
    filled.text = name_;
    return filled;
  }
  Result<ClassifiedText> classify(const ClassifyRequest&) const override {
    ClassifiedText said;
    said.chosen = name_;
    return said;
  }

 private:
  std::string name_;
  int version_;
  std::function<bool()> is_whole_;
  std::atomic<int64_t> answers_{0};
};

// What stands for a model's files.
struct FakeFiles {
  std::atomic<int> version{1};
  std::atomic<bool> broken{false};
  std::atomic<bool> slow{false};  // loading waits while this holds
  std::atomic<int> loads{0};      // tries
  std::atomic<int> damaged{0};    // what came of this try, and of those before, is broken
};

class ProviderPoolTest : public ::testing::Test {
 protected:
  // Each model takes 10 bytes.
  PooledModel model(const std::string& name, bool pinned = false) {
    auto files = files_[name] = std::make_shared<FakeFiles>();
    return {.info = {.name = name},
            .pinned = pinned,
            .measure = [] { return Result<size_t>(size_t{10}); },
            .load = [files, name]() -> Result<Held> {
              const int load = ++files->loads;
              while (files->slow) std::this_thread::sleep_for(std::chrono::milliseconds(1));
              if (files->broken) return invalid_data("the file is cut", name + "/model", "write it again");
              const auto is_whole = [files, load] { return load > files->damaged; };
              return Held(std::make_shared<VersionProvider>(name, files->version, is_whole));
            },
            .version = [files] { return std::to_string(files->version); }};
  }
  void start(std::vector<PooledModel> models, size_t memory = SIZE_MAX) {
    options_.memory = memory;
    options_.message = [this](const std::string& line) { keep(line); };
    options_.warn = [this](const std::string& line) { keep(line); };
    pool_ = std::make_unique<ProviderPool>(std::move(models), options_);
  }
  void keep(const std::string& line) {
    std::lock_guard lock(mutex_);
    lines_.push_back(line);
  }
  std::future<Result<Held>> ask(const std::string& name) {
    auto told = std::make_shared<std::promise<Result<Held>>>();
    auto future = told->get_future();
    pool_->hold(name, [told](Result<Held> held) { told->set_value(std::move(held)); });
    return future;
  }
  Result<Held> hold(const std::string& name) { return ask(name).get(); }
  ModelStatus status(const std::string& name) {
    for (ModelStatus& one : pool_->status()) {
      if (one.info.name == name) return one;
    }
    return {};
  }
  ModelState state(const std::string& name) { return status(name).state; }
  static bool waits(std::future<Result<Held>>& future) {
    return future.wait_for(std::chrono::milliseconds(30)) == std::future_status::timeout;
  }
  // Which version answers a request.
  std::string asked(const std::string& name) {
    std::string text;
    GenerationRequest request;
    request.model = name;
    const Status status = pool_->generate(request, [&](const TokenEvent& event) {
      text = event.text;
      return true;
    });
    return status.ok() ? text : status.error().to_string();
  }

  std::map<std::string, std::shared_ptr<FakeFiles>> files_;
  PoolOptions options_{.look_seconds = 0.005, .quiet_seconds = 0.005};
  std::mutex mutex_;
  std::vector<std::string> lines_;  // guarded by mutex_
  std::unique_ptr<ProviderPool> pool_;
};

}  // namespace malmoi::chat
