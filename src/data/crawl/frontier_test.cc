// Tasks and URLs beyond what memory may hold: none is lost, none comes twice, the order stays.
#include "data/crawl/frontier.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace malmoi::data {
namespace {

Task task_of(int number) {
  return {*net::parse_url("http://a.example/" + std::to_string(number)),
          number % 7,
          number % 2 == 0 ? Purpose::kPage : Purpose::kSitemap,
          0,
          "\"v" + std::to_string(number) + "\"",
          "today"};
}

TEST(TaskQueue, KeepsTheOrderWithFewInMemory) {
  auto folder = *ScratchFolder::create(test_folder("task_queue"));
  TaskQueue queue(folder, "host", 10);
  int pushed = 0, popped = 0;
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 100 && round < 20; ++i) ASSERT_TRUE(queue.push(task_of(pushed++)).ok());
    for (int i = 0; i < 50 && !queue.empty(); ++i) {
      Result<Task> task = queue.pop();
      ASSERT_TRUE(task.ok());
      Task expected = task_of(popped++);
      EXPECT_EQ(task->url.str(), expected.url.str());
      EXPECT_EQ(task->depth, expected.depth);
      EXPECT_EQ(task->purpose, expected.purpose);
      EXPECT_EQ(task->etag, expected.etag);
      ASSERT_LE(queue.in_memory(), 10u);
    }
    ASSERT_EQ(queue.size(), static_cast<uint64_t>(pushed - popped));
  }
  EXPECT_EQ(popped, 2000);
  EXPECT_TRUE(queue.empty());
}

TEST(UrlSet, KnowsWhatItWasGiven) {
  auto folder = *ScratchFolder::create(test_folder("url_set"));
  UrlSet set(folder, 100);
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 1050; ++i) {
      Result<bool> fresh = set.insert("http://a.example/" + std::to_string(i));
      ASSERT_TRUE(fresh.ok());
      EXPECT_EQ(*fresh, round == 0) << i;
    }
  EXPECT_EQ(set.size(), 1050u);
  EXPECT_LE(set.in_memory(), 100u);
}

}  // namespace
}  // namespace malmoi::data
