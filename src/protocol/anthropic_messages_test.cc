// Anthropic's messages are read whole or refused by the field's name, and counted without an answer.
#include <gtest/gtest.h>

#include "protocol/test_requests.h"

namespace malmoi::protocol {
namespace {

using Choice = chat::ToolUse::Choice;

Result<TextRequest> message(const std::string& body) { return read(kAnthropicMessages, body); }

// The body of a request of one message, with more fields.
std::string with_message(const std::string& more) {
  return R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"안녕"}],)" + more + "}";
}

// Of one message, which says `blocks`.
std::string saying(const std::string& role, const std::string& blocks) {
  return R"({"max_tokens":9,"messages":[{"role":")" + role + R"(","content":)" + blocks + "}]}";
}

TEST(AnthropicMessages, AreReadWhole) {
  auto request = message(
      R"({"model":"m","max_tokens":7,"system":[{"type":"text","text":"짧게.","cache_control":{"type":"ephemeral"}},
      {"type":"text","text":" 바로."}],"messages":[{"role":"user","content":[{"type":"text","text":"가"},{"type":"text","text":"나"}]},
      {"role":"user","content":"다"},{"role":"assistant","content":"("}],"stop_sequences":["x","\n"],"temperature":0.5,"top_p":0.9,
      "top_k":3,"seed":4,"min_p":0.1,"stream":true,"metadata":{"user_id":"u"},"service_tier":"auto","speed":"standard",
      "cache_control":{"type":"ephemeral"}})");
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  const auto& messages = messages_of(*request);
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[0].role, "system");
  EXPECT_EQ(messages[0].content, "짧게. 바로.");
  EXPECT_EQ(messages[1].role, "user");
  EXPECT_EQ(messages[1].content, "가나\n\n다") << "neighbours are one turn";
  EXPECT_EQ(messages[2].role, "assistant");
  EXPECT_EQ(messages[2].content, "(");
  const GenerationOptions& options = request->options;
  EXPECT_EQ(options.model, "m");
  EXPECT_EQ(options.max_tokens, 7);
  EXPECT_EQ(options.stop, (std::vector<std::string>{"x", "\n"}));
  EXPECT_EQ(options.sampling.temperature, 0.5);
  EXPECT_EQ(options.sampling.top_p, 0.9);
  EXPECT_EQ(options.sampling.top_k, 3);
  EXPECT_EQ(options.sampling.min_p, 0.1);
  EXPECT_TRUE(options.stream && options.seeded);
  EXPECT_FALSE(options.thinking.wanted.has_value());
  EXPECT_STREQ(request->prompt_field, "messages");
}

TEST(AnthropicMessages, AnAnswerOfNothingMayBeSentBack) {
  auto request = message(
      R"({"max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[]},{"role":"user","content":"b"}]})");
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  ASSERT_EQ(messages_of(*request).size(), 3u);
  EXPECT_EQ(messages_of(*request)[1].content, "");
}

TEST(AnthropicMessages, HoldCallsResultsAndThoughts) {
  auto request = message(R"({"max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[
      {"type":"thinking","thinking":"hm","signature":"s"},{"type":"redacted_thinking","data":"x"},{"type":"text","text":"So:","citations":null},
      {"type":"tool_use","id":"t1","name":"f","input":{"x":1},"caller":{"type":"direct"}},{"type":"tool_use","id":"t2","name":"g","input":{}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"2"}]},
      {"type":"tool_result","tool_use_id":"t2","content":"none","is_error":true},{"type":"text","text":"and?"}]}]})");
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  const auto& messages = messages_of(*request);
  ASSERT_EQ(messages.size(), 5u);
  EXPECT_EQ(messages[1].reasoning_content, "hm");
  EXPECT_EQ(messages[1].content, "So:");
  ASSERT_EQ(messages[1].tool_calls.size(), 2u);
  EXPECT_EQ(messages[1].tool_calls[0].id, "t1");
  EXPECT_EQ(messages[1].tool_calls[0].name, "f");
  EXPECT_EQ(messages[1].tool_calls[0].arguments, "{\"x\":1}");
  EXPECT_EQ(messages[2].role, "tool");
  EXPECT_EQ(messages[2].tool_call_id, "t1");
  EXPECT_EQ(messages[2].name, "f") << "of the call";
  EXPECT_EQ(messages[2].content, "2");
  EXPECT_EQ(messages[3].content, "Error: none");
  EXPECT_EQ(messages[4].role, "user");
  EXPECT_EQ(messages[4].content, "and?");
}

TEST(AnthropicMessages, ToolsAndChoicesAreRead) {
  const std::string tool = R"("tools":[{"name":"f","description":"d","input_schema":{"type":"object"},"strict":true,
      "type":"custom","cache_control":{"type":"ephemeral"}}],"tool_choice":)";
  auto read_tools_of = [&](const std::string& choice) {
    auto request = message(with_message(tool + choice));
    EXPECT_TRUE(request.ok()) << request.error().to_string();
    return request.ok() ? request->options.tools : chat::ToolUse();
  };
  EXPECT_EQ(read_tools_of("null").functions,
            R"([{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}}])");
  EXPECT_EQ(read_tools_of(R"({"type":"auto"})").choice, Choice::kAuto);
  EXPECT_TRUE(read_tools_of(R"({"type":"auto"})").parallel);
  EXPECT_EQ(read_tools_of(R"({"type":"none"})").choice, Choice::kNone);
  const chat::ToolUse any = read_tools_of(R"({"type":"any","disable_parallel_tool_use":true})");
  EXPECT_TRUE(any.choice == Choice::kRequired && any.name.empty() && !any.parallel);
  const chat::ToolUse named = read_tools_of(R"({"type":"tool","name":"f"})");
  EXPECT_TRUE(named.choice == Choice::kRequired && named.name == "f");
}

TEST(AnthropicMessages, ThinkingIsToldToTheTemplate) {
  auto think = [](const std::string& how) {
    return message(with_message("\"thinking\":" + how))->options.thinking.wanted;
  };
  EXPECT_EQ(think(R"({"type":"enabled","budget_tokens":2048,"display":"summarized"})"), true);
  EXPECT_EQ(think(R"({"type":"disabled"})"), false);
  EXPECT_EQ(think(R"({"type":"adaptive"})"), std::nullopt);
}

TEST(AnthropicMessages, AnAnswerIsHeldToASchema) {
  auto request = message(
      with_message(R"("output_config":{"format":{"type":"json_schema","schema":{"type":"integer"}},"effort":"high"})"));
  ASSERT_TRUE(request.ok()) << request.error().to_string();
  EXPECT_EQ(request->options.constraint,
            (chat::Constraint{chat::Constraint::Kind::kJsonSchema, "{\"type\":\"integer\"}"}));
}

TEST(AnthropicMessages, WhatIsWrongIsRefusedByName) {
  struct Case {
    std::string body, where;
    ErrorCode code = ErrorCode::kUsage;
  };
  const auto no = ErrorCode::kUnsupported;
  const std::string tool = R"({"name":"f","input_schema":{}})";
  for (const Case& one : {
           Case{R"({"messages":[{"role":"user","content":"a"}]})", "max_tokens"},
           Case{R"({"max_tokens":1})", "messages"},
           Case{R"({"max_tokens":1,"messages":[]})", "messages"},
           Case{R"({"max_tokens":1,"messages":[7]})", "messages[0]"},
           Case{saying("user", "[]"), "messages[0].content"},
           Case{saying("user", "null"), "messages[0].content"},
           Case{saying("user", "5"), "messages[0].content"},
           Case{saying("tool", "\"a\""), "messages[0].role"},
           Case{saying("user", "[7]"), "messages[0].content[0]"},
           Case{saying("user", R"([{"text":"a"}])"), "messages[0].content[0].type"},
           Case{saying("user", R"([{"type":"text"}])"), "messages[0].content[0].text"},
           Case{saying("user", R"([{"type":"text","text":"a","colour":1}])"), "messages[0].content[0].colour"},
           Case{saying("user", R"([{"type":"image","source":{"type":"url","url":"x"}}])"),
                "messages[0].content[0].type", no},
           Case{saying("user", R"([{"type":"text","text":"a"},{"type":"document","source":{}}])"),
                "messages[0].content[1].type", no},
           Case{saying("user", R"([{"type":"tool_use","id":"t","name":"f","input":{}}])"),
                "messages[0].content[0].type", no},
           Case{saying("assistant", R"([{"type":"tool_use","id":"t","name":"f","input":"{}"}])"),
                "messages[0].content[0].input"},
           Case{saying("assistant", R"([{"type":"tool_use","id":"","name":"f","input":{}}])"),
                "messages[0].content[0].id"},
           Case{saying("assistant", R"([{"type":"server_tool_use","id":"t","name":"web_search","input":{}}])"),
                "messages[0].content[0].type", no},
           Case{saying("assistant", R"([{"type":"thinking"}])"), "messages[0].content[0].thinking"},
           Case{saying("user", R"([{"type":"tool_result","tool_use_id":"t","content":"2"}])"),
                "messages[0].content[0].tool_use_id"},
           Case{saying("user", R"([{"type":"tool_result","tool_use_id":"t","content":[{"type":"image"}]}])"),
                "messages[0].content[0].content[0].type", no},
           Case{with_message(R"("system":[{"type":"image"}])"), "system[0].type", no},
           Case{with_message(R"("system":7)"), "system"},
           Case{with_message(R"("n":2)"), "n"},
           Case{with_message(R"("stop":["a"])"), "stop"},
           Case{with_message(R"("temperature":-1)"), "temperature"},
           Case{with_message(R"("stop_sequences":[""])"), "stop_sequences"},
           Case{with_message(R"("thinking":{"type":"enabled"})"), "thinking.budget_tokens"},
           Case{with_message(R"("thinking":{"type":"enabled","budget_tokens":5})"), "thinking.budget_tokens"},
           Case{with_message(R"("thinking":{"type":"between_tools"})"), "thinking.type"},
           Case{with_message(R"("thinking":{"type":"adaptive","display":"omitted"})"), "thinking.display", no},
           Case{with_message(R"("output_config":{"effort":"max"})"), "output_config.effort", no},
           Case{with_message(R"("output_config":{"format":{"type":"json_schema"}})"), "output_config.format.schema"},
           Case{with_message(R"("mcp_servers":[{"name":"x"}])"), "mcp_servers", no},
           Case{with_message(R"("container":"x")"), "container", no},
           Case{with_message(R"("context_management":{"edits":[]})"), "context_management", no},
           Case{with_message(R"("tools":{})"), "tools"},
           Case{with_message(R"("tools":[{"type":"web_search_20250305","name":"web_search"}])"), "tools[0].type", no},
           Case{with_message(R"("tools":[{"name":"f"}])"), "tools[0].input_schema"},
           Case{with_message(R"("tools":[{"name":"f","input_schema":{"type":"string"}}])"), "tools[0].input_schema"},
           Case{with_message(R"("tools":[{"name":"a b","input_schema":{}}])"), "tools[0].name"},
           Case{with_message("\"tools\":[" + tool + "," + tool + "]"), "tools[1].name"},
           Case{with_message(R"("tools":[{"name":"f","input_schema":{},"defer_loading":true}])"),
                "tools[0].defer_loading", no},
           Case{with_message(R"("tool_choice":{"type":"any"})"), "tool_choice.type"},
           Case{with_message(R"("tool_choice":"any")"), "tool_choice"},
           Case{with_message("\"tools\":[" + tool + R"(],"tool_choice":{"type":"tool","name":"g"})"),
                "tool_choice.name"},
           Case{with_message("\"tools\":[" + tool + R"(],"tool_choice":{"type":"required"})"), "tool_choice.type"},
       }) {
    auto request = message(one.body);
    ASSERT_FALSE(request.ok()) << one.body;
    EXPECT_EQ(request.error().where, one.where) << one.body;
    EXPECT_EQ(request.error().code, one.code) << one.body;
  }
}

// Gives a conversation as many ids as its messages have bytes, if it has a tokenizer.
class Counting : public chat::Provider {
 public:
  chat::ModelInfo info() const override { return {.name = "m", .created = 5, .context_length = 256}; }
  Status generate(chat::GenerationRequest, chat::TokenSink) override { return {}; }
  chat::ProviderStats stats() const override { return {}; }
  void drain(double) override {}
  Result<chat::GenerationRequest> prepare(chat::GenerationRequest request) const override {
    if (!has_tokenizer) return request;
    std::string all = request.tools.functions;
    for (const chat::Message& said : std::get<std::vector<chat::Message>>(request.prompt)) all += said.content;
    request.prompt = std::vector<int32_t>(all.size(), 1);
    return request;
  }
  bool has_tokenizer = true;
};

TEST(AnthropicMessages, AreCounted) {
  Counting provider;
  auto counted = [&](const std::string& body) { return count_message_tokens(*parse_body(body), {}, provider); };
  const Reply told = counted(R"({"model":"m","system":"ab","messages":[{"role":"user","content":"cde"}]})");
  ASSERT_TRUE(std::holds_alternative<Json>(told)) << std::get<ApiError>(told).message;
  EXPECT_EQ(dump_json(std::get<Json>(told)), R"({"input_tokens":5})");
  auto error = [&](const std::string& body) { return std::get<ApiError>(counted(body)); };
  EXPECT_EQ(error(with_message("\"system\":\"\"")).param, "max_tokens") << "nothing is generated";
  EXPECT_EQ(error(R"({"model":"other","messages":[{"role":"user","content":"a"}]})").status, 404);
  EXPECT_EQ(error("{}").param, "messages");
  provider.has_tokenizer = false;
  EXPECT_EQ(error(R"({"messages":[{"role":"user","content":"a"}]})").status, 400);
}

}  // namespace
}  // namespace malmoi::protocol
