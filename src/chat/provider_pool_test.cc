// A pool over providers without weights: who is loaded, who gives way, who waits, and what a request holds.
#include "chat/provider_pool_test.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace malmoi::chat {
namespace {

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
