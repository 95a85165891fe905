// Results find their calls: by id, by function, in their order, and in time where there are many.
#include "protocol/conversation_calls.h"

#include <gtest/gtest.h>

namespace malmoi::protocol {
namespace {

std::string added(ConversationCalls& calls, const std::string& name, const std::string& id = "") {
  chat::ToolCall call{.id = id, .name = name, .arguments = "{}"};
  calls.add(call);
  return call.id;
}

TEST(ConversationCalls, AreClosedInTheirOrder) {
  ConversationCalls calls;
  EXPECT_EQ(calls.first_open(""), "");
  EXPECT_EQ(added(calls, "f"), "call00001");
  EXPECT_EQ(added(calls, "g", "mine"), "mine");
  EXPECT_EQ(added(calls, "f"), "call00003");
  EXPECT_EQ(calls.first_open("g"), "mine");
  EXPECT_EQ(calls.first_open("h"), "");
  calls.close("call00001");
  EXPECT_EQ(calls.first_open("f"), "call00003");
  EXPECT_EQ(calls.first_open(""), "mine");
  ASSERT_TRUE(calls.function_of("call00001"));
  EXPECT_EQ(*calls.function_of("call00001"), "f");
  EXPECT_FALSE(calls.function_of("other"));
}

TEST(ConversationCalls, AnIdIsGivenOnce) {
  ConversationCalls calls;
  added(calls, "f", "call00002");
  EXPECT_EQ(added(calls, "g"), "call00003");
}

TEST(ConversationCalls, AnIdThatIsUsedAgainIsOpenAgain) {
  ConversationCalls calls;
  added(calls, "f", "0");
  calls.close("0");
  EXPECT_EQ(calls.first_open("f"), "");
  added(calls, "f", "0");
  EXPECT_EQ(calls.first_open("f"), "0");
}

// As many as a body holds, answered from the first to the last: minutes, were the list moved up for each.
TEST(ConversationCalls, ManyAreClosedInTime) {
  ConversationCalls calls;
  constexpr int kMany = 200'000;
  for (int i = 0; i < kMany; ++i) added(calls, "f");
  for (int i = 0; i < kMany; ++i) {
    const std::string id = calls.first_open("");
    ASSERT_FALSE(id.empty());
    calls.close(id);
  }
  EXPECT_EQ(calls.first_open("f"), "");
}

}  // namespace
}  // namespace malmoi::protocol
