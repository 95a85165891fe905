// Responses and the events of their streams: all fields, in their order, one item after another.
#include "protocol/openai_response_printer.h"

#include <gtest/gtest.h>

#include "protocol/test_requests.h"

namespace malmoi::protocol {
namespace {

using Events = std::vector<StreamEvent>;

chat::TokenReport token_of(std::string bytes) {
  return {.id = 1, .bytes = std::move(bytes), .logprob = -1, .chance = 1};
}

// What a printer tells of pieces, from the opening on.
Events streamed(Printer& printer, const std::vector<Answer>& pieces, const Told& told = {}) {
  Events all = printer.opening({});
  auto add = [&](const Events& events) { all.insert(all.end(), events.begin(), events.end()); };
  for (const Answer& piece : pieces) add(printer.piece(piece));
  add(printer.closing(told));
  return all;
}

// Each event in a line, with its item's place and what it adds.
std::string lines_of(const Events& events) {
  std::string lines;
  for (const StreamEvent& event : events) {
    lines += event.name;
    if (event.json.contains("output_index")) lines += " " + dump_json(event.json["output_index"]);
    for (const char* field : {"delta", "text", "arguments"}) {
      if (event.json.contains(field)) lines += " " + json_string(event.json, field);
    }
    lines += "\n";
  }
  return lines;
}

void expect_well_formed(const Events& events) {
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].json["type"], std::string(events[i].name));
    EXPECT_EQ(events[i].json["sequence_number"], i);
  }
}

std::unique_ptr<Printer> printer(const std::string& body = R"({"input":"a"})") {
  return kOpenAiResponses.printer({.id = "resp_1a", .model = "m", .created = 5}, response(body)->options, 1);
}

const std::vector<Answer> kThinksSaysCalls = {{.reasoning = "h"},
                                              {.reasoning = "m"},
                                              {.text = "So"},
                                              {.text = ":"},
                                              {.calls = {{.id = "call_1", .name = "f", .arguments = "{}"}}},
                                              {.calls = {{.id = "call_2", .name = "g", .arguments = "{\"x\":1}"}},
                                               .first_call = 1,
                                               .finish_reason = "tool_calls"}};

TEST(ResponsePrinter, AStreamIsOneItemAfterAnother) {
  const Events events = streamed(*printer(), kThinksSaysCalls);
  expect_well_formed(events);
  EXPECT_EQ(lines_of(events),
            "response.created\n"
            "response.in_progress\n"
            "response.output_item.added 0\n"
            "response.content_part.added 0\n"
            "response.reasoning_text.delta 0 h\n"
            "response.reasoning_text.delta 0 m\n"
            "response.reasoning_text.done 0 hm\n"
            "response.content_part.done 0\n"
            "response.output_item.done 0\n"
            "response.output_item.added 1\n"
            "response.content_part.added 1\n"
            "response.output_text.delta 1 So\n"
            "response.output_text.delta 1 :\n"
            "response.output_text.done 1 So:\n"
            "response.content_part.done 1\n"
            "response.output_item.done 1\n"
            "response.output_item.added 2\n"
            "response.function_call_arguments.delta 2 {}\n"
            "response.function_call_arguments.done 2 {}\n"
            "response.output_item.done 2\n"
            "response.output_item.added 3\n"
            "response.function_call_arguments.delta 3 {\"x\":1}\n"
            "response.function_call_arguments.done 3 {\"x\":1}\n"
            "response.output_item.done 3\n"
            "response.completed\n");
}

TEST(ResponsePrinter, EventsNameTheItemThatTheyAreOf) {
  const Events events = streamed(*printer(), kThinksSaysCalls);
  EXPECT_EQ(dump_json(events[2].json["item"]),
            R"({"id":"rs_1a_0","type":"reasoning","summary":[],"content":[],"status":"in_progress"})");
  EXPECT_EQ(dump_json(events[3].json["part"]), R"({"type":"reasoning_text","text":""})");
  EXPECT_EQ(dump_json(events[9].json["item"]),
            R"({"id":"msg_1a_1","type":"message","status":"in_progress","role":"assistant","content":[]})");
  EXPECT_EQ(dump_json(events[11].json),
            R"({"type":"response.output_text.delta","sequence_number":11,"output_index":1,"item_id":"msg_1a_1",)"
            R"("content_index":0,"delta":"So","logprobs":[]})");
  EXPECT_EQ(dump_json(events[14].json["part"]),
            R"({"type":"output_text","text":"So:","annotations":[],"logprobs":[]})");
  EXPECT_EQ(
      dump_json(events[16].json["item"]),
      R"({"id":"fc_1a_2","type":"function_call","status":"in_progress","call_id":"call_1","name":"f","arguments":""})");
  EXPECT_EQ(events[18].json["item_id"], "fc_1a_2");
  EXPECT_EQ(events[18].json["name"], "f");
  EXPECT_EQ(events[19].json["item"]["status"], "completed");
}

TEST(ResponsePrinter, AWholeResponseIsTheEndOfItsStream) {
  const Told told = {.usage = {.prompt_tokens = 3, .completion_tokens = 4, .cached_tokens = 2, .reasoning_tokens = 1},
                     .seconds = 2.5};
  Answer whole{.text = "So:", .reasoning = "hm", .finish_reason = "tool_calls"};
  for (const Answer& piece : kThinksSaysCalls)
    whole.calls.insert(whole.calls.end(), piece.calls.begin(), piece.calls.end());
  const Json json = printer()->whole({whole}, told);
  EXPECT_EQ(json, streamed(*printer(), kThinksSaysCalls, told).back().json["response"]);
  EXPECT_EQ(json["id"], "resp_1a");
  EXPECT_EQ(json["object"], "response");
  EXPECT_EQ(json["status"], "completed");
  EXPECT_EQ(json["created_at"], 5);
  EXPECT_EQ(json["completed_at"], 7);
  EXPECT_EQ(json["model"], "m");
  EXPECT_EQ(json["store"], false);
  EXPECT_TRUE(json["error"].is_null() && json["incomplete_details"].is_null());
  EXPECT_EQ(dump_json(json["usage"]),
            R"({"input_tokens":3,"input_tokens_details":{"cached_tokens":2,"cache_write_tokens":0},"output_tokens":4,)"
            R"("output_tokens_details":{"reasoning_tokens":1},"total_tokens":7})");
  ASSERT_EQ(json["output"].size(), 4u);
  EXPECT_EQ(json["output"][0]["content"][0]["text"], "hm");
  EXPECT_EQ(json["output"][1]["content"][0]["text"], "So:");
  EXPECT_EQ(json["output"][3]["arguments"], "{\"x\":1}");
  EXPECT_EQ(json["output"][3]["call_id"], "call_2");
}

TEST(ResponsePrinter, EveryResponseSaysItsRequestAgain) {
  const auto open = printer(R"({"input":"a","instructions":"짧게","metadata":{"a":"b"},"temperature":0.5})");
  const Events opening = open->opening({});
  ASSERT_EQ(opening.size(), 2u);
  for (const StreamEvent& event : opening) {
    const Json& json = event.json["response"];
    EXPECT_EQ(json["status"], "in_progress");
    EXPECT_EQ(json["output"], Json::array());
    EXPECT_TRUE(json["usage"].is_null());
    EXPECT_EQ(json["instructions"], "짧게");
    EXPECT_EQ(json["metadata"]["a"], "b");
    EXPECT_EQ(json["temperature"], 0.5);
    EXPECT_EQ(json["tool_choice"], "auto");
  }
}

TEST(ResponsePrinter, WhatIsCutIsIncomplete) {
  const Events events = streamed(*printer(), {{.text = "So"}, {.finish_reason = "length"}});
  EXPECT_EQ(events.back().name, "response.incomplete");
  const Json& json = events.back().json["response"];
  EXPECT_EQ(json["status"], "incomplete");
  EXPECT_EQ(json["incomplete_details"]["reason"], "max_output_tokens");
  EXPECT_TRUE(json["completed_at"].is_null());
  EXPECT_EQ(json["output"][0]["status"], "incomplete");
  EXPECT_EQ(printer()->whole({{.text = "So", .finish_reason = "length"}}, {}), json);
}

TEST(ResponsePrinter, AnAnswerThatSaysNothingIsAnEmptyMessage) {
  const Json json = printer()->whole({{.finish_reason = "stop"}}, {});
  ASSERT_EQ(json["output"].size(), 1u);
  EXPECT_EQ(json["output"][0]["content"][0]["text"], "");
  const Json thought = printer()->whole({{.reasoning = "hm", .finish_reason = "stop"}}, {});
  ASSERT_EQ(thought["output"].size(), 1u);
  EXPECT_EQ(thought["output"][0]["type"], "reasoning");
}

TEST(ResponsePrinter, TextBehindACallIsAMessageOfItsOwn) {
  const Events events = streamed(
      *printer(), {{.text = "a"}, {.calls = {{.id = "c", .name = "f"}}}, {.text = "b"}, {.finish_reason = "stop"}});
  const Json& output = events.back().json["response"]["output"];
  ASSERT_EQ(output.size(), 3u);
  EXPECT_EQ(output[2]["id"], "msg_1a_2");
  EXPECT_EQ(output[2]["content"][0]["text"], "b");
  Answer whole{.text = "ab", .calls = {{.id = "c", .name = "f"}}, .finish_reason = "stop"};
  whole.call_places = {{.text = 1}};
  EXPECT_EQ(printer()->whole({whole}, {})["output"], output);
  EXPECT_EQ(streamed(*printer(), {whole}).back().json["response"]["output"], output) << "in one piece";
}

TEST(ResponsePrinter, TokensOfTextBehindACallAreOfItsMessage) {
  Answer whole{.text = "ab", .calls = {{.id = "c", .name = "f"}}, .finish_reason = "stop"};
  whole.tokens = {token_of("a"), token_of("f"), token_of("b")};
  whole.call_places = {{.text = 1, .tokens = 2}};
  const Json output = printer()->whole({whole}, {})["output"];
  EXPECT_EQ(output[0]["content"][0]["logprobs"].size(), 2u);
  ASSERT_EQ(output[2]["content"][0]["logprobs"].size(), 1u);
  EXPECT_EQ(output[2]["content"][0]["logprobs"][0]["token"], "b");
}

// A token whose character is not whole yet is told with the one that completes it; those of thoughts never are.
TEST(ResponsePrinter, ProbabilitiesAreThoseOfTheText) {
  chat::TokenReport second = token_of("b");
  second.top = {token_of("c")};
  const Events events = streamed(*printer(), {{.reasoning = "hm", .tokens = {token_of("hm")}, .thought_tokens = 1},
                                              {.tokens = {token_of("a")}},
                                              {.text = "ab", .tokens = {second}},
                                              {.tokens = {token_of("")}, .finish_reason = "stop"}});
  const Json& delta = events.at(10).json;
  ASSERT_EQ(delta["delta"], "ab");
  ASSERT_EQ(delta["logprobs"].size(), 2u);
  EXPECT_EQ(delta["logprobs"][0]["token"], "a");
  EXPECT_EQ(dump_json(delta["logprobs"][1]),
            R"({"token":"b","logprob":-1.0,"bytes":[98],"top_logprobs":[{"token":"c","logprob":-1.0,"bytes":[99]}]})");
  const Json& whole = events.back().json["response"]["output"][1]["content"][0]["logprobs"];
  EXPECT_EQ(whole.size(), 3u);
  Answer answer{.text = "ab", .reasoning = "hm", .finish_reason = "stop"};
  answer.tokens = {token_of("hm"), token_of("a"), second, token_of("")};
  answer.thought_tokens = 1;
  EXPECT_EQ(printer()->whole({answer}, {})["output"][1]["content"][0]["logprobs"], whole);
}

TEST(ResponsePrinter, AFailureInTheMiddleIsToldTwice) {
  const auto failing = printer();
  Events events = failing->opening({});
  for (const Events& more :
       {failing->piece({.text = "So"}),
        failing->failure({.status = 503, .message = "no more", .type = "server_error", .code = "unavailable"})})
    events.insert(events.end(), more.begin(), more.end());
  expect_well_formed(events);
  const StreamEvent &failed = events.at(events.size() - 2), &error = events.back();
  EXPECT_EQ(failed.name, "response.failed");
  EXPECT_EQ(failed.json["response"]["status"], "failed");
  EXPECT_EQ(failed.json["response"]["error"]["code"], "server_error");
  EXPECT_EQ(failed.json["response"]["error"]["message"], "no more");
  EXPECT_EQ(failed.json["response"]["output"][0]["content"][0]["text"], "So");
  EXPECT_EQ(failed.json["response"]["output"][0]["status"], "incomplete");
  EXPECT_EQ(error.name, "error");
  EXPECT_EQ(error.json["message"], "no more");
  EXPECT_EQ(error.json["code"], "unavailable");
  EXPECT_EQ(error.json["error"]["type"], "server_error");
}

}  // namespace
}  // namespace malmoi::protocol
