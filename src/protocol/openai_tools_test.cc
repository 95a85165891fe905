// Tools in OpenAI's form: requests, responses and chunks.
#include "protocol/openai_tools.h"

#include <gtest/gtest.h>

#include "protocol/test_requests.h"

namespace malmoi::protocol {
namespace {

using Choice = chat::ToolUse::Choice;

std::string with_tool(const std::string& more) {
  return with(R"("tools":[{"type":"function","function":{"name":"f"}}],)" + more);
}

TEST(Tools, AreReadAsTheyStandForTemplatesToPrint) {
  auto request = chat(with(R"("tools":[{"type":"function","function":{"name":"get_weather","description":"날씨",
      "parameters":{"type":"object","properties":{"도시":{"type":"string"}}},"strict":true}},
      {"type":"function","function":{"name":"now","description":null}}],"parallel_tool_calls":false)"));
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  const chat::ToolUse& tools = request->options.tools;
  EXPECT_EQ(tools.functions,
            R"([{"type":"function","function":{"name":"get_weather","description":"날씨",)"
            R"("parameters":{"type":"object","properties":{"도시":{"type":"string"}}}}},)"
            R"({"type":"function","function":{"name":"now","parameters":{"type":"object","properties":{}}}}])");
  EXPECT_EQ(tools.choice, Choice::kAuto);
  EXPECT_FALSE(tools.parallel);
  EXPECT_TRUE(chat(with_tool(R"("n":1)"))->options.tools.parallel);
  EXPECT_FALSE(chat(with(R"("tools":[])"))->options.tools.are_allowed());
}

TEST(Tools, ChoicesAreRead) {
  EXPECT_EQ(chat(with_tool(R"("tool_choice":"auto")"))->options.tools.choice, Choice::kAuto);
  EXPECT_EQ(chat(with_tool(R"("tool_choice":"none")"))->options.tools.choice, Choice::kNone);
  EXPECT_EQ(chat(with_tool(R"("tool_choice":"required")"))->options.tools.choice, Choice::kRequired);
  auto named = chat(with_tool(R"("tool_choice":{"type":"function","function":{"name":"f"}})"));
  ASSERT_TRUE(named.ok()) << named.error().to_string();
  EXPECT_EQ(named->options.tools.choice, Choice::kRequired);
  EXPECT_EQ(named->options.tools.name, "f");
  EXPECT_TRUE(chat(with(R"("tool_choice":"auto")")).ok());
}

TEST(Tools, MessagesHoldCallsResultsAndThoughts) {
  auto request = chat(R"({"messages":[{"role":"user","content":"a"},
      {"role":"assistant","content":null,"reasoning_content":"hm",
       "tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},
      {"role":"tool","tool_call_id":"call_1","content":[{"type":"text","text":"2"}]}]})");
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  const chat::Message& asked = messages_of(*request).at(1);
  EXPECT_EQ(asked.content, "");
  EXPECT_EQ(asked.reasoning_content, "hm");
  ASSERT_EQ(asked.tool_calls.size(), 1u);
  EXPECT_EQ(asked.tool_calls[0].id, "call_1");
  EXPECT_EQ(asked.tool_calls[0].name, "f");
  EXPECT_EQ(asked.tool_calls[0].arguments, "{\"x\":1}");
  const chat::Message& result = messages_of(*request).at(2);
  EXPECT_EQ(result.tool_call_id, "call_1");
  EXPECT_EQ(result.content, "2");
  EXPECT_EQ(result.name, "f") << "of the call";
}

TEST(Tools, WhatIsWrongIsRefusedByName) {
  struct Case {
    std::string body, where;
  };
  const std::string name = R"({"type":"function","function":{"name":"f"}})";
  for (
      const Case& one : {
          Case{with(R"("tools":{})"), "tools"},
          Case{with(R"("tools":{"a":1})"), "tools"},
          Case{with(R"("tools":["f"])"), "tools[0]"},
          Case{with(R"("tools":[{"function":{"name":"f"}}])"), "tools[0].type"},
          Case{with(R"("tools":[{"type":"code_interpreter"}])"), "tools[0].type"},
          Case{with(R"("tools":[{"type":"function"}])"), "tools[0].function"},
          Case{with(R"("tools":[{"type":"function","function":{}}])"), "tools[0].function.name"},
          Case{with(R"("tools":[{"type":"function","function":{"name":"a b"}}])"), "tools[0].function.name"},
          Case{with(R"("tools":[{"type":"function","function":{"name":"f","parameters":[]}}])"),
               "tools[0].function.parameters"},
          Case{with(R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"string"}}}])"),
               "tools[0].function.parameters"},
          Case{with(R"("tools":[{"type":"function","function":{"name":"f","colour":1}}])"), "tools[0].function.colour"},
          Case{with("\"tools\":[" + name + "," + name + "]"), "tools[1].function.name"},
          Case{with(R"("tool_choice":"required")"), "tool_choice"},
          Case{with_tool(R"("tool_choice":"any")"), "tool_choice"},
          Case{with_tool(R"("tool_choice":{"type":"function","function":{"name":"g"}})"), "tool_choice.function.name"},
          Case{with_tool(R"("tool_choice":{"type":"allowed_tools"})"), "tool_choice.type"},
          Case{with_tool(R"("tool_choice":{"type":"function"})"), "tool_choice.function"},
          Case{with_tool(R"("parallel_tool_calls":1)"), "parallel_tool_calls"},
          Case{R"({"messages":[{"role":"assistant"}]})", "messages[0].content"},
          Case{R"({"messages":[{"role":"user","content":"a","tool_calls":[1]}]})", "messages[0].tool_calls"},
          Case{R"({"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f"}}]}]})",
               "messages[0].tool_calls[0].id"},
          Case{R"({"messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":""}}]}]})",
               "messages[0].tool_calls[0].function.name"},
          Case{
              R"({"messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":{}}}]}]})",
              "messages[0].tool_calls[0].function.arguments"},
          Case{R"({"messages":[{"role":"tool","content":"x"}]})", "messages[0].tool_call_id"},
          Case{R"({"messages":[{"role":"tool","content":"x","tool_call_id":"c"}]})", "messages[0].tool_call_id"},
      }) {
    auto request = chat(one.body);
    ASSERT_FALSE(request.ok()) << one.body;
    EXPECT_EQ(request.error().where, one.where) << one.body;
  }
}

Answer calling() {
  Answer answer{.reasoning = "hm", .finish_reason = "tool_calls"};
  answer.calls = {{.id = "call_1", .name = "f", .arguments = "{}"}, {.id = "call_2", .name = "g", .arguments = "{}"}};
  return answer;
}

TEST(Tools, ResponsesHoldCallsAndNoContent) {
  Json whole = printer_of(kOpenAiChat)->whole({calling()}, {})["choices"][0];
  const Json& message = whole["message"];
  EXPECT_TRUE(message["content"].is_null());
  EXPECT_EQ(message["reasoning_content"], "hm");
  ASSERT_EQ(message["tool_calls"].size(), 2u);
  EXPECT_EQ(dump_json(message["tool_calls"][0]),
            R"({"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}})");
  EXPECT_EQ(whole["finish_reason"], "tool_calls");
  Answer said = calling();
  said.text = "so";
  EXPECT_EQ(printer_of(kOpenAiChat)->whole({said}, {})["choices"][0]["message"]["content"], "so");
  const Json plain = printer_of(kOpenAiChat)->whole({{.text = ""}}, {})["choices"][0]["message"];
  EXPECT_EQ(plain["content"], "");
  EXPECT_FALSE(plain.contains("tool_calls") || plain.contains("reasoning_content"));
}

TEST(Tools, ChunksSayWhichCallOfTheAnswerTheyHold) {
  Answer piece = calling();
  piece.first_call = 3;
  const Json delta = printer_of(kOpenAiChat)->piece(piece)[0].json["choices"][0]["delta"];
  EXPECT_EQ(delta["reasoning_content"], "hm");
  EXPECT_FALSE(delta.contains("content"));
  EXPECT_EQ(dump_json(delta["tool_calls"][1]),
            R"({"index":4,"id":"call_2","type":"function","function":{"name":"g","arguments":"{}"}})");
}

}  // namespace
}  // namespace malmoi::protocol
