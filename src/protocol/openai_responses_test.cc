// Requests to the Responses API are read whole or refused by the field's name.
#include "protocol/openai_responses.h"

#include <gtest/gtest.h>

#include "protocol/test_requests.h"

namespace malmoi::protocol {
namespace {

using Choice = chat::ToolUse::Choice;

std::string asking(const std::string& more) { return R"({"input":"안녕",)" + more + "}"; }
std::string with_items(const std::string& items) { return R"({"input":[)" + items + "]}"; }
std::string with_flat_tool(const std::string& more) {
  return asking(R"("tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":true}],)" + more);
}

TEST(Responses, ReadATextAndItsOptions) {
  auto request = response(R"({"model":"m","input":"안녕","instructions":"짧게","max_output_tokens":5,"temperature":0.5,
      "top_p":0.9,"stream":true,"stream_options":{"include_obfuscation":false},"seed":3,
      "include":["message.output_text.logprobs","reasoning.encrypted_content"],"top_logprobs":2,
      "store":true,"truncation":"disabled","background":false,"previous_response_id":null,"service_tier":"auto",
      "reasoning":{"effort":null,"summary":"auto"},"text":{"verbosity":"medium"},"prompt_cache_key":"k","max_tool_calls":3})");
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  const GenerationOptions& options = request->options;
  const std::vector<chat::Message>& messages = messages_of(*request);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].role, "system");
  EXPECT_EQ(messages[0].content, "짧게");
  EXPECT_EQ(messages[1].role, "user");
  EXPECT_EQ(messages[1].content, "안녕");
  EXPECT_EQ(options.model, "m");
  EXPECT_EQ(options.max_tokens, 5);
  EXPECT_EQ(options.sampling.temperature, 0.5);
  EXPECT_EQ(options.sampling.top_p, 0.9);
  EXPECT_TRUE(options.stream && options.seeded && options.logprobs);
  EXPECT_EQ(options.top_logprobs, 2);
  EXPECT_EQ(options.n, 1);
  EXPECT_STREQ(request->prompt_field, "input");
}

TEST(Responses, ItemsOfOneAnswerAreOneMessage) {
  auto request = response(with_items(R"({"role":"developer","content":"s"},
      {"type":"message","role":"user","content":[{"type":"input_text","text":"가"},{"type":"input_text","text":"나"}]},
      {"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"hm"}],"status":"completed"},
      {"type":"message","id":"msg_1","role":"assistant","status":"completed","phase":"commentary",
       "content":[{"type":"output_text","text":"so","annotations":[],"logprobs":[]}]},
      {"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{\"x\":1}","status":"completed"},
      {"type":"function_call","call_id":"c2","name":"g","arguments":"{}","parsed_arguments":null},
      {"type":"function_call_output","call_id":"c2","output":"2"},
      {"type":"function_call_output","call_id":"c1","output":[{"type":"input_text","text":"1"}]},
      {"type":"reasoning","id":"rs_2","summary":[{"type":"summary_text","text":"ah"}]},
      {"role":"assistant","content":"done"},{"role":"user","content":"go on"})"));
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  const std::vector<chat::Message>& messages = messages_of(*request);
  ASSERT_EQ(messages.size(), 7u);
  EXPECT_EQ(messages[0].role, "developer");
  EXPECT_EQ(messages[1].content, "가나");
  const chat::Message& answer = messages[2];
  EXPECT_EQ(answer.role, "assistant");
  EXPECT_EQ(answer.reasoning_content, "hm");
  EXPECT_EQ(answer.content, "so");
  ASSERT_EQ(answer.tool_calls.size(), 2u);
  EXPECT_EQ(answer.tool_calls[0].id, "c1");
  EXPECT_EQ(answer.tool_calls[0].arguments, "{\"x\":1}");
  EXPECT_EQ(answer.tool_calls[1].name, "g");
  EXPECT_EQ(messages[3].role, "tool");
  EXPECT_EQ(messages[3].name, "g");
  EXPECT_EQ(messages[3].tool_call_id, "c2");
  EXPECT_EQ(messages[4].name, "f");
  EXPECT_EQ(messages[4].content, "1");
  EXPECT_EQ(messages[5].reasoning_content, "ah") << "a summary, where the thought is not there";
  EXPECT_EQ(messages[5].content, "done");
  EXPECT_EQ(messages[6].role, "user");
}

TEST(Responses, AnswersOfTheirOwnStayApart) {
  auto request = response(with_items(R"({"role":"assistant","content":"a"},{"role":"assistant","content":"b"},
      {"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]},
      {"type":"function_call","call_id":"c","name":"f","arguments":"{}"})"));
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  const std::vector<chat::Message>& messages = messages_of(*request);
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[1].content, "b");
  EXPECT_EQ(messages[2].reasoning_content, "hm");
  EXPECT_EQ(messages[2].tool_calls.size(), 1u);
}

TEST(Responses, TextBehindACallIsOfItsTurn) {
  auto request = response(with_items(R"({"role":"assistant","content":"a"},
      {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"role":"assistant","content":"b"},
      {"type":"function_call_output","call_id":"c","output":"1"},{"role":"assistant","content":"d"})"));
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  const std::vector<chat::Message>& messages = messages_of(*request);
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[0].content, "ab");
  EXPECT_EQ(messages[0].tool_calls.size(), 1u);
  EXPECT_EQ(messages[1].role, "tool");
  EXPECT_EQ(messages[2].content, "d");
}

TEST(Responses, FlatFunctionsAreThoseOfChats) {
  auto flat =
      response(asking(R"("tools":[{"type":"function","name":"f","description":"d","strict":true,"defer_loading":false,
      "parameters":{"type":"object","properties":{"x":{"type":"integer"}}}},{"type":"function","name":"g","parameters":null}],
      "parallel_tool_calls":false,"tool_choice":{"type":"function","name":"g"})"));
  ASSERT_TRUE(flat.ok()) << flat.error().to_string();
  const chat::ToolUse& tools = flat->options.tools;
  EXPECT_EQ(tools.functions,
            R"([{"type":"function","function":{"name":"f","description":"d",)"
            R"("parameters":{"type":"object","properties":{"x":{"type":"integer"}}}}},)"
            R"({"type":"function","function":{"name":"g","parameters":{"type":"object","properties":{}}}}])");
  EXPECT_EQ(tools.choice, Choice::kRequired);
  EXPECT_EQ(tools.name, "g");
  EXPECT_FALSE(tools.parallel);
  EXPECT_EQ(response(with_flat_tool(R"("tool_choice":"required")"))->options.tools.choice, Choice::kRequired);
  EXPECT_EQ(response(with_flat_tool(R"("tool_choice":"none")"))->options.tools.choice, Choice::kNone);
}

TEST(Responses, FormatsAreRules) {
  using Kind = chat::Constraint::Kind;
  auto rule = [](const std::string& format) {
    return response(asking(R"("text":{"format":)" + format + "}"))->options.constraint;
  };
  EXPECT_EQ(rule(R"({"type":"json_schema","name":"n","strict":true,"schema":{"type":"array"}})"),
            (chat::Constraint{Kind::kJsonSchema, R"({"type":"array"})"}));
  EXPECT_EQ(rule(R"({"type":"json_object"})"), (chat::Constraint{Kind::kJsonObject, ""}));
  EXPECT_FALSE(rule(R"({"type":"text"})").has_value());
}

TEST(Responses, HowHardToThinkIsAskedForAndSaidAgain) {
  auto asked = [](const char* effort) {
    return response(asking(R"("reasoning":{"effort":)" + std::string(effort) + "}"))->options;
  };
  EXPECT_EQ(asked("\"low\"").thinking.effort, "low");
  EXPECT_EQ(asked("\"low\"").repeated["reasoning"]["effort"], "low");
  EXPECT_STREQ(asked("\"low\"").thinking.field, "reasoning.effort");
  EXPECT_EQ(asked("\"none\"").thinking.wanted, false);
  EXPECT_EQ(asked("\"none\"").repeated["reasoning"]["effort"], "none");
  EXPECT_TRUE(asked("null").repeated["reasoning"]["effort"].is_null());
}

TEST(Responses, SayTheirRequestAgain) {
  auto request = response(with_flat_tool(R"("instructions":"짧게","metadata":{"a":"b"},"max_output_tokens":7,"user":"u",
      "tool_choice":{"type":"function","name":"f"},"top_p":0,"text":{"format":{"type":"text"},"verbosity":"medium"})"));
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  const Json& said = request->options.repeated;
  EXPECT_EQ(said["instructions"], "짧게");
  EXPECT_EQ(said["metadata"]["a"], "b");
  EXPECT_EQ(said["max_output_tokens"], 7);
  EXPECT_EQ(said["user"], "u");
  EXPECT_EQ(said["top_p"], 0) << "as it was given";
  EXPECT_EQ(said["text"]["verbosity"], "medium");
  EXPECT_EQ(said["tool_choice"]["name"], "f");
  EXPECT_EQ(said["tools"][0]["strict"], true);
  EXPECT_TRUE(said["tools"][0]["description"].is_null());

  const Json unsaid = response(R"({"input":"a"})")->options.repeated;
  EXPECT_TRUE(unsaid["instructions"].is_null() && unsaid["max_output_tokens"].is_null() && unsaid["user"].is_null());
  EXPECT_EQ(unsaid["metadata"], Json::object());
  EXPECT_EQ(unsaid["tools"], Json::array());
  EXPECT_EQ(unsaid["tool_choice"], "auto");
  EXPECT_EQ(unsaid["text"]["format"]["type"], "text");
  EXPECT_EQ(unsaid["temperature"], 1);
  EXPECT_EQ(unsaid["parallel_tool_calls"], true);
}

struct Case {
  std::string body, where;
};

void expect_all_refused(const std::vector<Case>& cases, ErrorCode code) {
  for (const Case& one : cases) {
    auto request = response(one.body);
    ASSERT_FALSE(request.ok()) << one.body;
    EXPECT_EQ(request.error().where, one.where) << one.body;
    EXPECT_EQ(request.error().code, code) << one.body;
  }
}

TEST(Responses, RefuseWhatTheServerCannotDoByName) {
  expect_all_refused(
      {{asking(R"("previous_response_id":"resp_1")"), "previous_response_id"},
       {asking(R"("conversation":"conv_1")"), "conversation"},
       {asking(R"("background":true)"), "background"},
       {asking(R"("prompt":{"id":"p"})"), "prompt"},
       {asking(R"("truncation":"auto")"), "truncation"},
       {asking(R"("context_management":[{"type":"compaction"}])"), "context_management"},
       {asking(R"("reasoning":{"effort":"minimal"})"), "reasoning.effort"},
       {asking(R"("reasoning":{"summary":"concise"})"), "reasoning.summary"},
       {asking(R"("text":{"verbosity":"low"})"), "text.verbosity"},
       {asking(R"("n":2)"), "n"},
       {asking(R"("response_format":{"type":"json_object"})"), "response_format"},
       {asking(R"("tools":[{"type":"web_search"}])"), "tools[0].type"},
       {asking(R"("tools":[{"type":"mcp","server_label":"x"}])"), "tools[0].type"},
       {asking(R"("tools":[{"type":"function","name":"f","defer_loading":true}])"), "tools[0].defer_loading"},
       {with_flat_tool(R"("tool_choice":{"type":"allowed_tools","mode":"auto","tools":[]})"), "tool_choice.type"},
       {with_items(R"({"role":"user","content":[{"type":"input_image","image_url":"x"}]})"), "input[0].content"},
       {with_items(R"({"role":"user","content":[{"type":"input_file","file_id":"x"}]})"), "input[0].content"},
       {with_items(R"({"role":"user","content":"a"},{"type":"item_reference","id":"x"})"), "input[1].type"},
       {with_items(R"({"type":"web_search_call","id":"x"})"), "input[0].type"},
       {with_items(R"({"type":"reasoning","summary":[],"encrypted_content":"x"})"), "input[0].encrypted_content"}},
      ErrorCode::kUnsupported);
}

TEST(Responses, SayWhatIsWrong) {
  expect_all_refused(
      {{"{}", "input"},
       {R"({"input":[]})", "input"},
       {R"({"input":7})", "input"},
       {R"({"input":[7]})", "input[0]"},
       {with_items(R"({"type":"reasoning","summary":[]})"), "input"},
       {with_items(R"({"role":"king","content":"a"})"), "input[0].role"},
       {with_items(R"({"role":"user"})"), "input[0].content"},
       {with_items(R"({"role":"user","content":"a","colour":"red"})"), "input[0].colour"},
       {with_items(R"({"type":"function_call","name":"f","arguments":"{}"})"), "input[0].call_id"},
       {with_items(R"({"type":"function_call","call_id":"c","arguments":"{}"})"), "input[0].name"},
       {with_items(R"({"type":"function_call_output","call_id":"c","output":"a"})"), "input[0].call_id"},
       {with_items(R"({"type":"function_call_output","call_id":"c"})"), "input[0].output"},
       {asking(R"("messages":[])"), "messages"},
       {asking(R"("max_tokens":3)"), "max_tokens"},
       {asking(R"("max_output_tokens":0)"), "max_output_tokens"},
       {asking(R"("top_logprobs":2)"), "top_logprobs"},
       {asking(R"("include":["everything"])"), "include"},
       {asking(R"("metadata":{"a":1})"), "metadata"},
       {asking(R"("text":7)"), "text"},
       {asking(R"("text":{"format":{"type":"xml"}})"), "text.format.type"},
       {asking(R"("text":{"format":{"type":"json_schema","name":"n"}})"), "text.format.schema"},
       {asking(R"("text":{"format":{"type":"json_object"}},"grammar":"root ::= \"a\"")"), "text.format"},
       {asking(R"("tools":[{"type":"function"}])"), "tools[0].name"},
       {asking(R"("tools":[{"type":"function","function":{"name":"f"}}])"), "tools[0].name"},
       {asking(R"("tools":[{"type":"function","name":"f"},{"type":"function","name":"f"}])"), "tools[1].name"},
       {with_flat_tool(R"("tool_choice":{"type":"function","name":"g"})"), "tool_choice.name"},
       {asking(R"("tool_choice":"required")"), "tool_choice"}},
      ErrorCode::kUsage);
}

}  // namespace
}  // namespace malmoi::protocol
