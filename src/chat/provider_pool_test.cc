// A pool over providers without weights: who is loaded, who gives way, who waits, and what a request holds.
#include "chat/provider_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "base/log.h"

namespace malmoi::chat {
namespace {

using Held = std::shared_ptr<Provider>;

constexpr double kLong = 20;  // seconds: that only a failure takes

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

TEST_F(ProviderPoolTest, ModelsAreListedBeforeTheyAreLoadedAndLoadedWhenAskedFor) {
  PooledModel second = model("b");
  second.adapters = {"letters"};
  start({model("a"), std::move(second)});
  ASSERT_EQ(pool_->models().size(), 3u);
  EXPECT_EQ(pool_->models()[2].name, "letters");
  EXPECT_EQ(pool_->info().name, "a");
  EXPECT_EQ(state("b"), ModelState::kUnloaded);
  EXPECT_EQ(asked("letters"), "1");
  EXPECT_EQ(state("b"), ModelState::kLoaded);
  EXPECT_EQ(state("a"), ModelState::kUnloaded);
  EXPECT_EQ(asked(""), "1");
  EXPECT_EQ(files_["a"]->loads, 1);
  EXPECT_EQ(pool_->info().context_length, 101) << "what is known of a model once it has been loaded";
  const Result<Held> unknown = hold("c");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
}

TEST_F(ProviderPoolTest, TheLeastRecentlyUsedGivesWay) {
  start({model("a"), model("b"), model("c")}, 20);
  for (const char* name : {"a", "b", "a", "c"}) ASSERT_TRUE(hold(name).ok()) << name;
  EXPECT_EQ(state("a"), ModelState::kLoaded);
  EXPECT_EQ(state("b"), ModelState::kUnloaded);
  EXPECT_EQ(state("c"), ModelState::kLoaded);
  ASSERT_TRUE(hold("b").ok());
  EXPECT_EQ(state("a"), ModelState::kUnloaded);
  EXPECT_EQ(files_["b"]->loads, 2);
}

TEST_F(ProviderPoolTest, SoDoesOneWhereNoMoreMayBeLoaded) {
  options_.most_loaded = 1;
  start({model("a"), model("b")});
  ASSERT_TRUE(hold("a").ok());
  ASSERT_TRUE(hold("b").ok());
  EXPECT_EQ(state("a"), ModelState::kUnloaded);
}

TEST_F(ProviderPoolTest, APinnedModelStays) {
  start({model("a", true), model("b"), model("c")}, 20);
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(hold(name).ok()) << name;
  EXPECT_EQ(state("a"), ModelState::kLoaded);
  EXPECT_EQ(state("b"), ModelState::kUnloaded);
  EXPECT_FALSE(pool_->unload("a").ok());
}

TEST_F(ProviderPoolTest, WhatCanNeverFitIsSaidAtOnce) {
  start({model("a", true), model("b")}, 19);
  ASSERT_TRUE(hold("a").ok());
  const Result<Held> refused = hold("b");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kOutOfMemory);
  EXPECT_THAT(refused.error().to_string(), testing::HasSubstr("--models-memory"));
  EXPECT_EQ(files_["b"]->loads, 0);
  EXPECT_EQ(state("a"), ModelState::kLoaded);
}

TEST_F(ProviderPoolTest, AModelWithAnswersUnderWayIsWaitedForAndTakesNoNewOnes) {
  start({model("a"), model("b")}, 10);
  Result<Held> answering = hold("a");
  ASSERT_TRUE(answering.ok());
  auto b = ask("b");
  EXPECT_TRUE(waits(b));
  EXPECT_EQ(state("a"), ModelState::kLoaded);
  auto again = ask("a");
  EXPECT_TRUE(waits(again)) << "else requests for it would keep the other out for good";
  EXPECT_EQ((*answering)->info().name, "a");
  answering = Held();
  EXPECT_TRUE(b.get().ok());
  EXPECT_TRUE(again.get().ok());
  EXPECT_EQ(files_["a"]->loads, 2);
}

TEST_F(ProviderPoolTest, ItIsNotWaitedForWithoutEnd) {
  options_.room_seconds = 0.02;
  start({model("a"), model("b")}, 10);
  const Result<Held> answering = hold("a");
  const Result<Held> refused = hold("b");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kOutOfMemory);
  EXPECT_TRUE(hold("a").ok()) << "it takes requests again";
  EXPECT_EQ(files_["a"]->loads, 1);
}

TEST_F(ProviderPoolTest, OneModelAtATimeIsAskedForItsPlace) {
  start({model("a"), model("b"), model("c")}, 20);
  Result<Held> first = hold("a");
  const Result<Held> second = hold("b");
  auto c = ask("c");
  EXPECT_TRUE(waits(c));
  auto again = ask("a");
  EXPECT_TRUE(waits(again)) << "it gives its place";
  auto other = ask("b");
  EXPECT_FALSE(waits(other)) << "one place is enough";
  first = Held();
  EXPECT_TRUE(c.get().ok());
  EXPECT_TRUE(again.get().ok());
  EXPECT_EQ(files_["b"]->loads, 1);
}

TEST_F(ProviderPoolTest, NoModelGivesItsPlaceForThoseWhoHaveLeft) {
  start({model("a"), model("b")}, 10);
  const Result<Held> answering = hold("a");
  StopSource left;
  pool_->hold(
      "b", [](const Result<Held>&) {}, left.token());
  ASSERT_TRUE(comes([&] {
    auto asked = ask("a");
    return waits(asked);
  })) << "it is to give its place";
  left.request();
  auto asked = ask("a");
  ASSERT_EQ(asked.wait_for(std::chrono::duration<double>(kLong)), std::future_status::ready);
  EXPECT_TRUE(asked.get().ok());
  EXPECT_EQ(files_["b"]->loads, 0);
  EXPECT_EQ(state("b"), ModelState::kUnloaded);
  EXPECT_EQ(status("b").problem, "") << "nothing is wrong with it";
}

TEST_F(ProviderPoolTest, ThoseWhoHaveLeftAreNeitherCountedNorKept) {
  start({model("a")});
  files_["a"]->slow = true;
  StopSource left;
  const auto kept = std::make_shared<int>(0);
  pool_->hold(
      "a", [kept](const Result<Held>&) {}, left.token());
  auto waiting = ask("a");
  EXPECT_EQ(pool_->stats().waiting, 2);
  left.request();
  EXPECT_EQ(pool_->stats().waiting, 1);
  auto next = ask("a");
  EXPECT_EQ(kept.use_count(), 1);
  files_["a"]->slow = false;
  EXPECT_TRUE(waiting.get().ok());
  EXPECT_TRUE(next.get().ok());
}

TEST_F(ProviderPoolTest, ALookIntoAModelIsOfTheOneThatIsNamed) {
  start({model("a"), model("b")});
  EXPECT_EQ(pool_->attention({.model = "b"})->tokens.at(0).piece, "b");
  EXPECT_EQ(pool_->fill({.model = "b", .text = "x"})->text, "b");
  EXPECT_EQ(pool_->classify({.model = "b", .text = "x"})->chosen, "b");
  EXPECT_FALSE(pool_->classify({.model = "c", .text = "x"}).ok());
}

TEST_F(ProviderPoolTest, OthersGoOnWhileAModelIsLoaded) {
  start({model("a"), model("b")});
  ASSERT_TRUE(hold("a").ok());
  files_["b"]->slow = true;
  auto first = ask("b"), second = ask("b");
  ASSERT_TRUE(comes([&] { return files_["b"]->loads == 1; }));
  EXPECT_EQ(state("b"), ModelState::kLoading);
  EXPECT_EQ(pool_->stats().waiting, 2);
  EXPECT_EQ(asked("a"), "1");
  files_["b"]->slow = false;
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(second.get().ok());
  EXPECT_EQ(files_["b"]->loads, 1);
}

TEST_F(ProviderPoolTest, WhatCannotBeLoadedIsTriedAgainLater) {
  options_.retry_seconds = 3600;
  options_.longest_retry = 3600;
  start({model("a"), model("b")});
  files_["b"]->broken = true;
  EXPECT_THAT(hold("b").error().to_string(), testing::HasSubstr("the file is cut"));
  const Error error = hold("b").error();
  EXPECT_EQ(files_["b"]->loads, 1) << "not at once";
  EXPECT_THAT(error.to_string(), testing::HasSubstr("it is tried again in"));
  EXPECT_EQ(state("b"), ModelState::kFailed);
  EXPECT_THAT(status("b").problem, testing::HasSubstr("the file is cut"));
  EXPECT_EQ(asked("a"), "1") << "the others are served";
  EXPECT_TRUE(pool_->health().ok());
  files_["b"]->broken = false;
  ASSERT_TRUE(pool_->try_again("b").ok());
  EXPECT_EQ(asked("b"), "1");
  EXPECT_EQ(status("b").problem, "");
  EXPECT_THAT(lines_, testing::Contains(testing::HasSubstr("'b' cannot be loaded")));
}

TEST_F(ProviderPoolTest, TriesComeAfterLongerAndLongerPauses) {
  options_.retry_seconds = 0.01;
  start({model("a")});
  files_["a"]->broken = true;
  for (int tries = 1; tries <= 3; ++tries) {
    ASSERT_TRUE(comes([&] { return !hold("a").ok() && files_["a"]->loads == tries; }));
  }
}

TEST_F(ProviderPoolTest, ANewVersionIsServedAndTheOldOneEndsWithItsAnswers) {
  start({model("a")});
  GenerationRequest request;
  auto prepared = pool_->prepare(request);
  ASSERT_TRUE(prepared.ok());
  files_["a"]->version = 2;
  ASSERT_TRUE(comes([&] { return asked("a") == "2"; }));
  EXPECT_EQ(status("a").versions, 2);
  EXPECT_EQ(status("a").bytes, 20u);
  EXPECT_EQ(status("a").info.context_length, 102);
  std::string text;
  ASSERT_TRUE(pool_
                  ->generate(*std::move(prepared),
                             [&](const TokenEvent& event) {
                               text = event.text;
                               return true;
                             })
                  .ok());
  EXPECT_EQ(text, "1") << "prepared by the old one, answered by it";
  EXPECT_TRUE(comes([&] { return status("a").versions == 1; }));
  EXPECT_GE(pool_->stats().generated_tokens, 2) << "what was counted stays";
}

TEST_F(ProviderPoolTest, ANewVersionThatCannotBeLoadedLeavesTheOldOne) {
  start({model("a")});
  ASSERT_EQ(asked("a"), "1");
  files_["a"]->broken = true;
  files_["a"]->version = 2;
  ASSERT_TRUE(comes([&] { return !status("a").problem.empty(); }));
  EXPECT_EQ(asked("a"), "1");
  EXPECT_EQ(state("a"), ModelState::kLoaded);
  const int tries = files_["a"]->loads;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(files_["a"]->loads, tries) << "not tried again at once";
  files_["a"]->broken = false;
  files_["a"]->version = 3;
  EXPECT_TRUE(comes([&] { return asked("a") == "3"; })) << "other files are tried when they are there";
  EXPECT_EQ(status("a").problem, "");
}

TEST_F(ProviderPoolTest, ABrokenModelIsRefusedAloneUntilItIsLoadedAnew) {
  options_.retry_seconds = 0.005;
  start({model("a"), model("b")});
  ASSERT_EQ(asked("a"), "1");
  ASSERT_EQ(asked("b"), "1");
  EXPECT_FALSE(status("b").refused);
  files_["b"]->broken = true;  // what stands there now cannot be loaded
  files_["b"]->damaged = 1;
  EXPECT_THAT(asked("b"), testing::HasSubstr("b/model: the file was shortened"));
  EXPECT_EQ(asked("a"), "1");
  EXPECT_TRUE(pool_->health().ok()) << "one answers";
  EXPECT_TRUE(status("b").refused);
  EXPECT_EQ(state("b"), ModelState::kLoaded);
  EXPECT_FALSE(status("a").refused);
  EXPECT_EQ(status("a").problem, "");
  ASSERT_TRUE(comes([&] { return files_["b"]->loads > 2; })) << "it is tried, though the files look as they did";
  EXPECT_THAT(status("b").problem, testing::HasSubstr("the file is cut"));
  EXPECT_EQ(asked("a"), "1");
  files_["b"]->broken = false;
  EXPECT_TRUE(comes([&] { return asked("b") == "1"; }));
  EXPECT_TRUE(comes([&] { return !status("b").refused && status("b").problem.empty(); }));
  files_["a"]->damaged = 1000;
  files_["b"]->damaged = 1000;
  EXPECT_FALSE(pool_->health().ok()) << "none answers";
  std::lock_guard lock(mutex_);
  EXPECT_THAT(lines_, testing::Contains(testing::HasSubstr("the old one is refused")));
}

TEST_F(ProviderPoolTest, ANewVersionWithoutRoomBesideTheOldOneIsLoadedOnceThatIsGone) {
  options_.retry_seconds = 3600;
  options_.longest_retry = 3600;
  start({model("a"), model("b")}, 19);
  ASSERT_EQ(asked("a"), "1");
  files_["a"]->version = 2;
  ASSERT_TRUE(comes([&] { return !status("a").problem.empty(); }));
  EXPECT_EQ(asked("a"), "1");
  EXPECT_EQ(asked("b"), "1");
  EXPECT_EQ(asked("a"), "2") << "at once: it took the other's place";
  EXPECT_EQ(status("a").problem, "");
}

TEST_F(ProviderPoolTest, FilesThatComeOneByOneAreReadOnceTheyHaveComeToRest) {
  options_.quiet_seconds = 3600;
  start({model("a")});
  ASSERT_EQ(asked("a"), "1");
  files_["a"]->version = 2;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(files_["a"]->loads, 1);
  pool_->look_again();
  EXPECT_TRUE(comes([&] { return asked("a") == "2"; })) << "who asks for it has written them all";
}

TEST_F(ProviderPoolTest, WhatWasTakenOutIsLoadedWhenItIsAskedFor) {
  start({model("a")});
  Result<Held> answering = hold("a");
  ASSERT_TRUE(answering.ok());
  ASSERT_TRUE(pool_->unload("a").ok());
  EXPECT_EQ(state("a"), ModelState::kUnloaded);
  EXPECT_EQ((*answering)->info().name, "a") << "its answers end on it";
  EXPECT_EQ(asked("a"), "1");
  EXPECT_EQ(files_["a"]->loads, 2);
  EXPECT_FALSE(pool_->unload("c").ok());
}

TEST_F(ProviderPoolTest, WhoWaitsIsToldThatItStops) {
  start({model("a")});
  files_["a"]->slow = true;
  auto waiting = ask("a");
  ASSERT_TRUE(comes([&] { return files_["a"]->loads == 1; }));
  pool_->drain(0);
  const Result<Held> told = waiting.get();
  ASSERT_FALSE(told.ok());
  EXPECT_EQ(told.error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(hold("a").ok());
  files_["a"]->slow = false;
}

TEST_F(ProviderPoolTest, CallersOfProviderWaitNoLongerThanTheyMay) {
  options_.wait_seconds = 0.02;
  start({model("a")});
  files_["a"]->slow = true;
  EXPECT_THAT(asked("a"), testing::HasSubstr("still being loaded"));
  files_["a"]->slow = false;
  EXPECT_TRUE(comes([&] { return asked("a") == "1"; }));
}

// Everything at once, for the sanitizer of threads: every request is answered by its model, whoever comes and goes.
TEST_F(ProviderPoolTest, ManyThreadsAskForMoreModelsThanThereIsMemoryFor) {
  start({model("a"), model("b"), model("c")}, 20);
  std::atomic<int> wrong{0};
  auto work = [&](int first) {
    const char* const names[] = {"a", "b", "c"};
    for (int i = 0; i < 60; ++i) {
      const std::string name = names[(first + i * (1 + first)) % 3];
      const Result<Held> held = hold(name);
      if (!held.ok() || (*held)->info().name != name) ++wrong;
      if (i % 20 == 0) ++files_.at(name)->version;
      if (i % 7 == 0) (void)pool_->stats();
      if (i % 15 == 0) (void)pool_->unload(name);
    }
  };
  std::vector<std::thread> threads;
  for (int first = 0; first < 4; ++first) threads.emplace_back(work, first);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace malmoi::chat
