// Requests with tools: what the prompt holds of them, and how a call that must be made is begun, held to and read.
#include "chat/conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "chat/published_template.h"

namespace malmoi::chat {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using Choice = ToolUse::Choice;

constexpr const char* kWeather =
    R"({"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"$ref":"#/$defs/city"}},)"
    R"("$defs":{"city":{"type":"string"}}}}})";
constexpr const char* kTime = R"({"type":"function","function":{"name":"time"}})";

constexpr const char* kHermes = "<tool_call>{\"name\": ";

// A template of a family: `mark` shows which.
ChatTemplate template_of(const std::string& mark, const std::string& end = "assistant\n") {
  auto published = PublishedTemplate::of_text(
      "{# " + mark + " #}{% if tools %}{{ tools | tojson }}{% endif %}{{ messages[0].content }}{{ '" + end + "' }}",
      "t.jinja");
  EXPECT_TRUE(published.ok()) << published.error().to_string();
  return ChatTemplate::of_model(*std::move(published), {});
}

GenerationRequest asking(Choice choice, const std::string& functions, const std::string& name = "") {
  GenerationRequest request{.prompt = std::vector<Message>{{"user", "Hi"}}};
  request.tools = {.functions = "[" + functions + "]", .choice = choice, .name = name};
  return request;
}

TEST(Conversation, ThePromptHoldsTheToolsThatMayBeCalled) {
  GenerationRequest request = asking(Choice::kAuto, kTime);
  auto chat = begin_answer(template_of(kHermes), request);
  ASSERT_TRUE(chat.ok()) << chat.error().to_string();
  EXPECT_THAT(chat->prompt, HasSubstr("\"name\": \"time\""));
  EXPECT_TRUE(request.form.with_calls);
  EXPECT_FALSE(request.constraint.has_value());
  request = asking(Choice::kNone, kTime);
  EXPECT_EQ(begin_answer(template_of(kHermes), request)->prompt, "Hiassistant\n");
  EXPECT_FALSE(request.form.with_calls);
}

TEST(Conversation, ATemplateThatKnowsNoToolsIsNotGivenAny) {
  for (const ChatTemplate& one :
       {ChatTemplate::plain(),
        ChatTemplate::of_model(*PublishedTemplate::of_text("{{ messages[0].content }}", "t"), {})}) {
    GenerationRequest request = asking(Choice::kAuto, kTime);
    auto refused = begin_answer(one, request);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().where, "tools");
    EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
    request = asking(Choice::kNone, kTime);
    EXPECT_TRUE(begin_answer(one, request).ok());
  }
}

TEST(Conversation, TheTemplateIsToldWhetherToThink) {
  auto published = PublishedTemplate::of_text(
      "{{ messages[0].content }}|{{ enable_thinking }}|{{ thinking }}|{{ reasoning_effort }}", "t.jinja");
  ASSERT_TRUE(published.ok()) << published.error().to_string();
  const ChatTemplate one = ChatTemplate::of_model(*std::move(published), {});
  EXPECT_TRUE(one.thinks());
  GenerationRequest request = asking(Choice::kNone, kTime);
  EXPECT_EQ(begin_answer(one, request)->prompt, "Hi|||");
  request.thinking = {.wanted = false, .effort = ""};
  EXPECT_EQ(begin_answer(one, request)->prompt, "Hi|False|False|");
  request.thinking = {.wanted = true, .effort = "low"};
  EXPECT_EQ(begin_answer(one, request)->prompt, "Hi|True|True|low");
}

TEST(Conversation, NoThoughtsAreAskedOfATemplateThatKnowsNone) {
  for (const ChatTemplate& one : {ChatTemplate::plain(), template_of("none")}) {
    EXPECT_FALSE(one.thinks());
    GenerationRequest request = asking(Choice::kNone, kTime);
    request.thinking.wanted = true;
    auto refused = begin_answer(one, request);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().where, "think");
    EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
    request.thinking.wanted = false;
    EXPECT_TRUE(begin_answer(one, request).ok());
  }
}

TEST(Conversation, ARuleBesideToolsIsRefusedAndAloneIsContent) {
  GenerationRequest request = asking(Choice::kAuto, kTime);
  request.constraint = Constraint{};
  auto refused = begin_answer(template_of(kHermes), request);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().where, "tools");
  request.tools = {};
  ASSERT_TRUE(begin_answer(template_of(kHermes), request).ok());
  EXPECT_EQ(open_parser(request.form), nullptr);
}

TEST(Conversation, AMessageThatIsContinuedKeepsItsSpaces) {
  GenerationRequest request{.prompt = std::vector<Message>{{"assistant", "One,"}}};
  ASSERT_TRUE(begin_answer(template_of(kHermes, ""), request).ok());
  EXPECT_EQ(open_parser(request.form)->push(" two").at(0).text, " two");
}

const std::string kWeatherSchema =
    R"({"type":"object","properties":{"city":{"$ref":"#PLACE/$defs/city"}},"$defs":{"city":{"type":"string"}}})";

std::string call_schema(const std::string& key, const std::string& place) {
  std::string arguments = kWeatherSchema;
  arguments.replace(arguments.find("PLACE"), 5, place);
  return R"({"type":"object","properties":{"name":{"const":"weather"},")" + key + "\":" + arguments +
         R"(},"required":["name",")" + key + R"("],"additionalProperties":false})";
}

// What a family writes before a call, the schema of the rest, and what the rest may be.
TEST(Conversation, ACallThatMustBeMadeIsBegunAndHeldToAsItsFamilyWritesIt) {
  const std::string in_call = call_schema("arguments", "/properties/arguments");
  std::string bare = kWeatherSchema;
  bare.erase(bare.find("PLACE"), 5);
  const std::string list =
      R"({"type":"array","minItems":1,"items":)" + call_schema("arguments", "/items/properties/arguments") + "}";
  struct Case {
    std::string mark, begun, schema, rest;
  };
  for (const Case& one : {
           Case{kHermes, "<tool_call>\n", in_call, R"({"name": "weather", "arguments": {"city": "x"}})"},
           Case{"<|python_tag|>", "", call_schema("parameters", "/properties/parameters"),
                R"({"name": "weather", "parameters": {"city": "x"}})"},
           Case{"<start_of_turn>", "", call_schema("parameters", "/properties/parameters"),
                R"({"name": "weather", "parameters": {"city": "x"}})"},
           Case{"[TOOL_CALLS]", "[TOOL_CALLS]", list, R"([{"name": "weather", "arguments": {"city": "x"}}])"},
           Case{"[TOOL_CALLS] [ARGS]", "[TOOL_CALLS]weather[ARGS]", bare, R"({"city": "x"})"},
           Case{"<｜tool▁call▁begin｜> ```json",
                "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n", bare,
                R"({"city": "x"})"},
           Case{"<｜tool▁call▁begin｜>", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>", bare,
                R"({"city": "x"})"},
           Case{"<|channel|>", "<|channel|>commentary to=functions.weather <|constrain|>json<|message|>", bare,
                R"({"city": "x"})"},
       }) {
    GenerationRequest request = asking(Choice::kRequired, kWeather);
    auto chat = begin_answer(template_of(one.mark), request);
    ASSERT_TRUE(chat.ok()) << one.mark << ": " << chat.error().to_string();
    EXPECT_THAT(chat->prompt, EndsWith("Hiassistant\n" + one.begun));
    ASSERT_TRUE(request.constraint.has_value()) << one.mark;
    EXPECT_EQ(request.constraint->kind, Constraint::Kind::kJsonSchema);
    EXPECT_EQ(request.constraint->text, one.schema) << one.mark;
    auto parser = open_parser(request.form);
    std::vector<AnswerEvent> events = parser->push(one.rest);
    for (AnswerEvent& event : parser->finish()) events.push_back(std::move(event));
    ASSERT_EQ(events.size(), 1u) << one.mark;
    EXPECT_EQ(events[0].call.name, "weather") << one.mark;
    EXPECT_EQ(events[0].call.arguments, R"({"city":"x"})") << one.mark;
  }
}

TEST(Conversation, SeveralFunctionsAreAChoiceAndANameIsOne) {
  const std::string both = std::string(kWeather) + "," + kTime;
  GenerationRequest request = asking(Choice::kRequired, both);
  ASSERT_TRUE(begin_answer(template_of(kHermes), request).ok());
  const Json schema = *parse_json(request.constraint->text, "schema");
  ASSERT_EQ(schema["anyOf"].size(), 2u);
  EXPECT_THAT(request.constraint->text, HasSubstr("#/anyOf/0/properties/arguments/$defs/city"));
  EXPECT_EQ(schema["anyOf"][1]["properties"]["arguments"]["additionalProperties"], false) << "no parameters: none";
  request = asking(Choice::kRequired, both, "time");
  auto named = begin_answer(template_of(kHermes), request);
  ASSERT_TRUE(named.ok());
  EXPECT_THAT(request.constraint->text, Not(HasSubstr("weather")));
  EXPECT_THAT(named->prompt, HasSubstr("weather")) << "the model knows of all";
  request = asking(Choice::kRequired, both);
  request.tools.parallel = false;
  ASSERT_TRUE(begin_answer(template_of("[TOOL_CALLS]"), request).ok());
  EXPECT_EQ((*parse_json(request.constraint->text, "schema"))["maxItems"], 1);
}

TEST(Conversation, ReferencesMoveWithTheirSchemaAndDataThatLooksLikeThemDoesNot) {
  GenerationRequest request = asking(Choice::kRequired, R"({"type":"function","function":{"name":"f","parameters":
      {"type":"object","properties":{"default":{"$ref":"#/$defs/enum"},"x":{"default":{"$ref":"#/a"}}},
       "$defs":{"enum":{"anyOf":[{"type":"null"},{"$ref":"#"}]}}}}})");
  ASSERT_TRUE(begin_answer(template_of(kHermes), request).ok());
  const Json arguments = (*parse_json(request.constraint->text, "schema"))["properties"]["arguments"];
  EXPECT_EQ(arguments["properties"]["default"]["$ref"], "#/properties/arguments/$defs/enum");
  EXPECT_EQ(arguments["properties"]["x"]["default"]["$ref"], "#/a");
  EXPECT_EQ(arguments["$defs"]["enum"]["anyOf"][1]["$ref"], "#/properties/arguments");
}

TEST(Conversation, AThoughtThatThePromptOpensIsClosedBeforeTheCall) {
  GenerationRequest request = asking(Choice::kRequired, kTime);
  auto chat = begin_answer(template_of(kHermes, "assistant\n<think>\n"), request);
  ASSERT_TRUE(chat.ok());
  EXPECT_THAT(chat->prompt, EndsWith("<think>\n\n</think>\n\n<tool_call>\n"));
  auto parser = open_parser(request.form);
  EXPECT_TRUE(parser->push(R"({"name": "time", "arguments": {}})").empty());
  EXPECT_EQ(parser->finish().at(0).call.name, "time");
}

TEST(Conversation, WhatCannotBeHeldToIsRefusedByName) {
  const std::string both = std::string(kWeather) + "," + kTime;
  for (const auto& [mark, remedy] :
       {std::pair{"no family", "'auto'"}, std::pair{"<tool_call> as XML", "'auto'"},
        std::pair{"<｜Assistant｜> XML", "'auto'"}, std::pair{"<|channel|>", "name the function"}}) {
    GenerationRequest request = asking(Choice::kRequired, both);
    auto refused = begin_answer(template_of(mark), request);
    ASSERT_FALSE(refused.ok()) << mark;
    EXPECT_EQ(refused.error().where, "tool_choice") << mark;
    EXPECT_THAT(refused.error().remedy, HasSubstr(remedy)) << mark;
  }
  GenerationRequest request = asking(Choice::kRequired, both, "time");
  EXPECT_TRUE(begin_answer(template_of("<|channel|>"), request).ok());
  request = asking(Choice::kRequired, both, "other");
  EXPECT_FALSE(begin_answer(template_of(kHermes), request).ok());
}

}  // namespace
}  // namespace malmoi::chat
