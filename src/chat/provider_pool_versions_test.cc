// Versions of a model in a pool: how new files are loaded beside the old ones, and what serves when they cannot be.
#include "chat/provider_pool_test.h"

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

namespace malmoi::chat {
namespace {

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

}  // namespace
}  // namespace malmoi::chat
