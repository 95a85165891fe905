// Requests to answer conversations are read whole or refused by the field's name.
#include <gtest/gtest.h>

#include "protocol/test_requests.h"

namespace malmoi::protocol {
namespace {

TEST(Chat, ReadsMessages) {
  auto request = chat(
      R"({"messages":[{"role":"system","content":"짧게"},{"role":"user","content":[{"type":"text","text":"가"},{"type":"text","text":"나"}],"name":"x"}],
    "max_tokens":3,"max_completion_tokens":5,"logprobs":true,"top_logprobs":2,"tools":[],"tool_choice":"none","response_format":{"type":"text"},"modalities":["text"]})");
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  ASSERT_EQ(messages_of(*request).size(), 2u);
  EXPECT_EQ(messages_of(*request)[1].content, "가나");
  EXPECT_EQ(request->options.max_tokens, 5);
  EXPECT_EQ(request->options.top_logprobs, 2);
  EXPECT_FALSE(chat(with(R"("temperature":1)"))->options.max_tokens.has_value());
}

TEST(Chat, HowHardToThinkIsAskedForByItsWord) {
  EXPECT_FALSE(chat(with(R"("prompt_cache_retention":"24h")"))->options.thinking.wanted.has_value());
  EXPECT_EQ(chat(with(R"("reasoning_effort":"none")"))->options.thinking.wanted, false);
  const chat::Thinking high = chat(with(R"("reasoning_effort":"high")"))->options.thinking;
  EXPECT_EQ(high.wanted, true);
  EXPECT_EQ(high.effort, "high");
  EXPECT_STREQ(high.field, "reasoning_effort");
}

TEST(Chat, RefusesWhatItCannotDoByName) {
  struct Case {
    std::string body, param;
    ErrorCode code;
  };
  for (const auto& [body, param, code] :
       {Case{with(R"("functions":[{"name":"f"}])"), "functions", ErrorCode::kUnsupported},
        Case{with(R"("response_format":{"type":"xml"})"), "response_format.type", ErrorCode::kUsage},
        Case{with(R"("modalities":["text","audio"])"), "modalities", ErrorCode::kUnsupported},
        Case{with(R"("reasoning_effort":"minimal")"), "reasoning_effort", ErrorCode::kUnsupported},
        Case{with(R"("reasoning_effort":3)"), "reasoning_effort", ErrorCode::kUsage},
        Case{with(R"("moderation":{"model":"m"})"), "moderation", ErrorCode::kUnsupported},
        Case{with(R"("top_logprobs":2)"), "top_logprobs", ErrorCode::kUsage},
        Case{with(R"("prompt":"a")"), "prompt", ErrorCode::kUsage},
        Case{R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]})",
             "messages[0].content", ErrorCode::kUnsupported},
        Case{R"({"messages":[{"role":"function","content":"x"}]})", "messages[0].role", ErrorCode::kUnsupported},
        Case{R"({"messages":[{"role":"king","content":"x"}]})", "messages[0].role", ErrorCode::kUsage},
        Case{R"({"messages":[{"role":"user"}]})", "messages[0].content", ErrorCode::kUsage},
        Case{R"({"messages":[{"role":"user","content":"a"},7]})", "messages[1]", ErrorCode::kUsage},
        Case{R"({"messages":[]})", "messages", ErrorCode::kUsage}, Case{R"({})", "messages", ErrorCode::kUsage}}) {
    auto request = chat(body);
    ASSERT_FALSE(request.ok()) << body;
    EXPECT_EQ(request.error().where, param) << body;
    EXPECT_EQ(request.error().code, code) << body;
  }
}

}  // namespace
}  // namespace malmoi::protocol
