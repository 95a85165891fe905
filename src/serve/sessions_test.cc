#include "serve/sessions.h"

#include <gtest/gtest.h>

#include <set>

namespace malmoi::serve {
namespace {

TEST(Sessions, ACookieStandsForItsKeyUntilItsEnd) {
  Sessions sessions;
  auto opened = sessions.open("digest", 100);
  ASSERT_TRUE(opened.ok());
  EXPECT_NE(opened->cookie, opened->csrf);
  const Session* found = sessions.find(opened->cookie, 100);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->key, "digest");
  EXPECT_EQ(found->csrf, opened->csrf);
  EXPECT_TRUE(sessions.find(opened->cookie, 99 + Sessions::kSeconds));
  EXPECT_FALSE(sessions.find(opened->cookie, 100 + Sessions::kSeconds));
  EXPECT_FALSE(sessions.find("", 100));
  EXPECT_FALSE(sessions.find(opened->csrf, 100));
  sessions.close(opened->cookie);
  EXPECT_FALSE(sessions.find(opened->cookie, 100));
}

TEST(Sessions, OneKeyHasAFewAndLeavesOthersAlone) {
  Sessions sessions;
  auto other = sessions.open("other", 0);
  auto first = sessions.open("key", 1);
  std::set<std::string> cookies;
  for (size_t i = 0; i < Sessions::kMostOfKey; ++i) {
    auto opened = sessions.open("key", 2 + static_cast<double>(i));
    ASSERT_TRUE(opened.ok());
    EXPECT_TRUE(cookies.insert(opened->cookie).second);
  }
  EXPECT_FALSE(sessions.find(first->cookie, 3));
  EXPECT_TRUE(sessions.find(other->cookie, 3));
  EXPECT_EQ(sessions.size(), Sessions::kMostOfKey + 1);
  ASSERT_TRUE(sessions.open("new", 2 * Sessions::kSeconds).ok());
  EXPECT_EQ(sessions.size(), 1u) << "those that have ended are gone";
}

}  // namespace
}  // namespace malmoi::serve
