#include "serve/fair_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace malmoi::serve {
namespace {

// Keeps what was run, in its order.
class FairQueueTest : public ::testing::Test {
 protected:
  uint64_t add(uint64_t client, const std::string& name) {
    return queue_.add(client, {.run = [this, name] { ran_ += name + " "; }, .done = [] {}});
  }
  std::string run_all() {
    for (int i = 0; i < 20; ++i) queue_.run_next();
    return ran_;
  }

  FairQueue queue_;
  std::string ran_;
};

TEST_F(FairQueueTest, ClientsTakeTurns) {
  for (const char* name : {"a1", "a2", "a3", "a4"}) add(1, name);
  add(2, "b1");
  for (const char* name : {"c1", "c2"}) add(3, name);
  EXPECT_EQ(queue_.size(), 7);
  EXPECT_EQ(run_all(), "a1 b1 c1 a2 c2 a3 a4 ");
  EXPECT_EQ(queue_.size(), 0);
}

TEST_F(FairQueueTest, OneWhoComesLaterWaitsForOneOfEachOther) {
  for (const char* name : {"a1", "a2", "a3"}) add(1, name);
  queue_.run_next();
  add(2, "b1");
  EXPECT_EQ(run_all(), "a1 a2 b1 a3 ");
}

// Who asks for the next as soon as it has one has no more turns than who asked for all at once.
TEST_F(FairQueueTest, AskingAgainIsNoWayAround) {
  for (const char* name : {"a1", "a2"}) add(1, name);
  add(2, "b1");
  queue_.run_next();
  queue_.run_next();
  add(2, "b2");
  EXPECT_EQ(run_all(), "a1 b1 a2 b2 ");
}

TEST_F(FairQueueTest, WhatIsDroppedIsNotRunAndTakesNoTurn) {
  const uint64_t a1 = add(1, "a1"), b1 = add(2, "b1");
  add(2, "b2");
  add(3, "c1");
  queue_.drop(1, a1);
  queue_.drop(2, b1);
  queue_.drop(2, b1);
  queue_.drop(7, 1);
  EXPECT_EQ(queue_.size(), 2);
  EXPECT_EQ(run_all(), "b2 c1 ");
  queue_.drop(2, 3);
  EXPECT_EQ(queue_.size(), 0) << "it has been run";
  add(1, "a2");
  EXPECT_EQ(run_all(), "b2 c1 a2 ") << "who dropped all comes again";
}

TEST_F(FairQueueTest, ClearedIsEmpty) {
  add(1, "a1");
  add(2, "b1");
  queue_.clear();
  EXPECT_EQ(queue_.size(), 0);
  EXPECT_EQ(run_all(), "");
  add(2, "b2");
  EXPECT_EQ(run_all(), "b2 ");
}

// Who is told that it is done finds nothing of it any more.
TEST_F(FairQueueTest, ItIsGoneWhenThatIsTold) {
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> seen = held;
  std::vector<int64_t> sizes;
  bool gone = false;
  queue_.add(1, {.run = [&, held = std::move(held)] { sizes.push_back(queue_.size()); },
                 .done =
                     [&] {
                       sizes.push_back(queue_.size());
                       gone = seen.expired();
                     }});
  queue_.run_next();
  EXPECT_EQ(sizes, (std::vector<int64_t>{1, 0})) << "it counts while it runs";
  EXPECT_TRUE(gone);
}

}  // namespace
}  // namespace malmoi::serve
