// Anthropic's responses, errors and streams: the fields and the order that its clients go by.
#include <gtest/gtest.h>

#include "protocol/anthropic_error.h"
#include "protocol/test_requests.h"

namespace malmoi::protocol {
namespace {

constexpr Told kTold{.usage = {.prompt_tokens = 10, .completion_tokens = 4, .cached_tokens = 3, .reasoning_tokens = 2}};

std::unique_ptr<Printer> message_printer(std::vector<std::string> stop = {}) {
  GenerationOptions options;
  options.stop = std::move(stop);
  return printer_of(kAnthropicMessages, options);
}

Answer saying_and_calling() {
  Answer answer{.text = "So:", .reasoning = "hm", .finish_reason = "tool_calls"};
  answer.calls = {{.id = "c1", .name = "f", .arguments = "{\"x\":1}"}, {.id = "c2", .name = "g", .arguments = ""}};
  return answer;
}

TEST(AnthropicPrinter, AWholeMessageHasThoughtsTextAndCalls) {
  EXPECT_EQ(
      dump_json(message_printer()->whole({saying_and_calling()}, kTold)),
      R"({"id":"ID","type":"message","role":"assistant","model":"m","content":[)"
      R"({"type":"thinking","thinking":"hm","signature":"unsigned"},{"type":"text","text":"So:"},)"
      R"({"type":"tool_use","id":"c1","name":"f","input":{"x":1}},{"type":"tool_use","id":"c2","name":"g","input":{}}],)"
      R"("stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":7,"cache_creation_input_tokens":0,)"
      R"("cache_read_input_tokens":3,"output_tokens":4,"output_tokens_details":{"thinking_tokens":2}}})");
}

TEST(AnthropicPrinter, WhyAnAnswerEndsIsToldInItsWords) {
  struct Case {
    std::string finish, stop_text, reason;
    Json sequence;
  };
  for (const Case& one : {Case{"stop", "", "end_turn", nullptr}, Case{"length", "", "max_tokens", nullptr},
                          Case{"stop", "###", "stop_sequence", "###"},
                          Case{"stop", "\nuser:", "end_turn", nullptr},  // the template's own
                          Case{"tool_calls", "###", "tool_use", nullptr}}) {
    const Answer answer{.text = "a", .finish_reason = one.finish, .stop_text = one.stop_text};
    const Json whole = message_printer({"###"})->whole({answer}, kTold);
    EXPECT_EQ(whole["stop_reason"], one.reason) << one.finish << one.stop_text;
    EXPECT_EQ(whole["stop_sequence"], one.sequence) << one.finish << one.stop_text;
  }
  EXPECT_EQ(message_printer()->whole({{.finish_reason = "length"}}, kTold)["content"], Json::array());
}

TEST(AnthropicPrinter, ArgumentsThatAreNoObjectAreKeptInOne) {
  Answer answer{.finish_reason = "tool_calls"};
  answer.calls = {{.id = "c", .name = "f", .arguments = "left"}};
  EXPECT_EQ(dump_json(message_printer()->whole({answer}, kTold)["content"][0]["input"]), R"({"arguments":"left"})");
}

// Each event as it stands on the line, without what is the same in all.
std::vector<std::string> told(const std::vector<StreamEvent>& events) {
  std::vector<std::string> lines;
  for (const StreamEvent& event : events) {
    EXPECT_EQ(event.json["type"], event.name);
    lines.push_back(dump_json(event.json));
  }
  return lines;
}

std::string start(int index, const std::string& block) {
  return R"({"type":"content_block_start","index":)" + std::to_string(index) + R"(,"content_block":)" + block + "}";
}
std::string delta(int index, const std::string& more) {
  return R"({"type":"content_block_delta","index":)" + std::to_string(index) + R"(,"delta":)" + more + "}";
}
std::string stop(int index) { return R"({"type":"content_block_stop","index":)" + std::to_string(index) + "}"; }

using Lines = std::vector<std::string>;

TEST(AnthropicPrinter, AStreamOpensOneBlockAfterAnother) {
  const auto stream = message_printer({"###"});
  EXPECT_EQ(
      told(stream->opening({.usage = {.prompt_tokens = 10, .completion_tokens = 1, .cached_tokens = 3}})),
      (Lines{
          R"({"type":"message_start","message":{"id":"ID","type":"message","role":"assistant","model":"m",)"
          R"("content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":7,)"
          R"("cache_creation_input_tokens":0,"cache_read_input_tokens":3,"output_tokens":1,"output_tokens_details":{"thinking_tokens":0}}}})"}));
  EXPECT_EQ(told(stream->piece({.reasoning = "h"})),
            (Lines{start(0, R"({"type":"thinking","thinking":"","signature":""})"),
                   delta(0, R"({"type":"thinking_delta","thinking":"h"})")}));
  EXPECT_EQ(told(stream->piece({.text = "So", .reasoning = "m"})),
            (Lines{delta(0, R"({"type":"thinking_delta","thinking":"m"})"),
                   delta(0, R"({"type":"signature_delta","signature":"unsigned"})"), stop(0),
                   start(1, R"({"type":"text","text":""})"), delta(1, R"({"type":"text_delta","text":"So"})")}));
  EXPECT_EQ(told(stream->piece({.text = ":"})), (Lines{delta(1, R"({"type":"text_delta","text":":"})")}));
  Answer calls = saying_and_calling();
  calls.text = calls.reasoning = "";
  EXPECT_EQ(told(stream->piece(calls)),
            (Lines{stop(1), start(2, R"({"type":"tool_use","id":"c1","name":"f","input":{}})"),
                   delta(2, R"({"type":"input_json_delta","partial_json":"{\"x\":1}"})"), stop(2),
                   start(3, R"({"type":"tool_use","id":"c2","name":"g","input":{}})"),
                   delta(3, R"({"type":"input_json_delta","partial_json":"{}"})"), stop(3)}));
  EXPECT_EQ(
      told(stream->closing(kTold)),
      (Lines{
          R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":)"
          R"({"input_tokens":7,"cache_creation_input_tokens":0,"cache_read_input_tokens":3,"output_tokens":4,"output_tokens_details":{"thinking_tokens":2}}})",
          R"({"type":"message_stop"})"}));
}

TEST(AnthropicPrinter, TextBehindACallIsABlockOfItsOwn) {
  Answer answer{.text = "ab", .finish_reason = "tool_calls"};
  answer.calls = {{.id = "c", .name = "f", .arguments = "{}"}};
  answer.call_places = {{.text = 1}};
  EXPECT_EQ(
      dump_json(message_printer()->whole({answer}, kTold)["content"]),
      R"([{"type":"text","text":"a"},{"type":"tool_use","id":"c","name":"f","input":{}},{"type":"text","text":"b"}])");
  const std::vector<StreamEvent> events = message_printer()->piece(answer);
  ASSERT_EQ(events.size(), 9u);
  EXPECT_EQ(events[3].json["content_block"]["type"], "tool_use");
  EXPECT_EQ(events[7].json["delta"]["text"], "b");
}

TEST(AnthropicPrinter, AStreamEndsWithTheBlockThatIsOpen) {
  const auto stream = message_printer({"###"});
  stream->piece({.reasoning = "hm"});
  EXPECT_EQ(told(stream->piece({.finish_reason = "length"})),
            (Lines{delta(0, R"({"type":"signature_delta","signature":"unsigned"})"), stop(0)}));
  EXPECT_EQ(stream->closing(kTold)[0].json["delta"]["stop_reason"], "max_tokens");
  const auto stopped = message_printer({"###"});
  EXPECT_EQ(
      told(stopped->piece({.text = "a", .finish_reason = "stop", .stop_text = "###"})),
      (Lines{start(0, R"({"type":"text","text":""})"), delta(0, R"({"type":"text_delta","text":"a"})"), stop(0)}));
  EXPECT_EQ(dump_json(stopped->closing(kTold)[0].json["delta"]),
            R"({"stop_reason":"stop_sequence","stop_sequence":"###"})");
  const auto empty = message_printer();
  EXPECT_TRUE(empty->piece({.finish_reason = "stop"}).empty());
  EXPECT_EQ(empty->closing(kTold)[0].json["delta"]["stop_reason"], "end_turn");
}

TEST(AnthropicPrinter, AFailureInTheMiddleIsAnEvent) {
  EXPECT_EQ(told(message_printer()->failure({.status = 503, .message = "stopping", .code = "unavailable"})),
            (Lines{R"({"type":"error","error":{"type":"overloaded_error","message":"stopping",)"
                   R"("details":{"error_code":"unavailable"}},"request_id":null})"}));
}

TEST(AnthropicPrinter, ErrorsHaveTheTypeOfTheirStatus) {
  auto type = [](int status) { return print_anthropic_error({.status = status, .message = "m"})["error"]["type"]; };
  EXPECT_EQ(type(400), "invalid_request_error");
  EXPECT_EQ(type(401), "authentication_error");
  EXPECT_EQ(type(403), "permission_error");
  EXPECT_EQ(type(404), "not_found_error");
  EXPECT_EQ(type(405), "invalid_request_error");
  EXPECT_EQ(type(413), "request_too_large");
  EXPECT_EQ(type(429), "rate_limit_error");
  EXPECT_EQ(type(500), "api_error");
  EXPECT_EQ(type(503), "overloaded_error");
  EXPECT_EQ(print_anthropic_error({.message = "is wrong", .param = "a.b"})["error"]["message"], "a.b: is wrong");
  EXPECT_FALSE(print_anthropic_error({.message = "m"})["error"].contains("details"));
}

}  // namespace
}  // namespace malmoi::protocol
