// Answers that think and call functions, whole and streamed, in the form of every family of models; answers that are held to
// a form.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "chat/published_template.h"
#include "serve/scripted_server.h"
#include "serve/server_test.h"

namespace malmoi::serve {
namespace {

constexpr const char* kTools =
    R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"x":{"type":"integer","minimum":0,"maximum":9}},)"
    R"("required":["x"],"additionalProperties":false}}}])";

std::string asking(const std::string& more) { return R"({"messages":[{"role":"user","content":"a"}],)" + more + "}"; }

class ToolsTest : public ScriptedServer {
 protected:
  // So many answers, each of which is `text`, by a model of the family that wrote `source`.
  void start(const std::string& source, const std::string& text, int64_t answers = 1,
             chat::FinishReason finish = chat::FinishReason::kStop) {
    Script script;
    for (chat::TokenEvent event : by_bytes(text, ended(finish))) {
      for (event.answer = 0; event.answer < answers; ++event.answer) script.push_back(event);
    }
    ScriptedServer::start(std::move(script), source);
  }

  TestResponse post(const std::string& more) { return ScriptedServer::post("/v1/chat/completions", asking(more)); }
  Json choice(const std::string& more) {
    const Json json = post(more).json();
    EXPECT_TRUE(json.contains("choices")) << json;
    return json.contains("choices") ? json["choices"][0] : Json();
  }
};

struct Case {
  const char *source, *text, *reasoning, *content;
};

// All think, say something and call f, as far as their families do.
constexpr Case kCases[] = {
    {"<tool_call>",
     "<think>\nhm\n</think>\n\nSo:\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>", "hm",
     "So:"},
    {"<|python_tag|>", "{\"name\": \"f\", \"parameters\": {\"x\": 1}}", "", ""},
    {"[TOOL_CALLS]", "[THINK]hm[/THINK][TOOL_CALLS]f[ARGS]{\"x\": 1}", "hm", ""},
    {"<｜Assistant｜>",
     "<think>hm</think>So:<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"x\": "
     "1}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
     "hm", "So:"},
    {"<start_of_turn>", "```tool_call\n{\"name\": \"f\", \"parameters\": {\"x\": 1}}\n```", "", ""},
    {"<|channel|>",
     "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary to=functions.f "
     "<|constrain|>json<|message|>{\"x\": 1}<|call|>",
     "hm", ""},
};

TEST_F(ToolsTest, EveryFamilysCallsAreToldWhole) {
  std::set<std::string> ids;
  for (const Case& one : kCases) {
    start(one.source, one.text);
    const Json told = choice(kTools);
    const Json& message = told["message"];
    EXPECT_EQ(told["finish_reason"], "tool_calls") << one.source;
    EXPECT_EQ(message["content"], *one.content ? Json(one.content) : Json(nullptr)) << one.source;
    EXPECT_EQ(message.value("reasoning_content", ""), one.reasoning) << one.source;
    ASSERT_EQ(message["tool_calls"].size(), 1u) << message;
    const Json& call = message["tool_calls"][0];
    EXPECT_EQ(call["type"], "function");
    EXPECT_EQ(call["function"]["name"], "f");
    EXPECT_EQ(call["function"]["arguments"], "{\"x\":1}");
    const std::string id = call["id"];
    EXPECT_TRUE(ids.insert(id).second);
    if (provider_->family->short_ids)
      EXPECT_TRUE(id.size() == 9 && std::ranges::all_of(id, [](unsigned char c) { return std::isalnum(c); })) << id;
    else EXPECT_TRUE(id.starts_with("call_")) << id;
  }
}

TEST_F(ToolsTest, EveryFamilysCallsAreStreamed) {
  for (const Case& one : kCases) {
    start(one.source, one.text);
    std::string reasoning, content, finish;
    Json calls = Json::array();
    const std::vector<Json> events = post(std::string(kTools) + R"(,"stream":true)").events();
    ASSERT_EQ(events.back(), "[DONE]");
    for (const Json& event : events) {
      if (!event.is_object()) continue;
      const Json& delta = event["choices"][0]["delta"];
      reasoning += delta.value("reasoning_content", "");
      content += delta.value("content", "");
      for (const Json& call : delta.value("tool_calls", Json::array())) calls.push_back(call);
      if (event["choices"][0]["finish_reason"].is_string()) finish = event["choices"][0]["finish_reason"];
    }
    EXPECT_EQ(reasoning, one.reasoning) << one.source;
    EXPECT_EQ(content, one.content) << one.source;
    EXPECT_EQ(finish, "tool_calls") << one.source;
    ASSERT_EQ(calls.size(), 1u) << one.source;
    EXPECT_EQ(calls[0]["index"], 0);
    EXPECT_EQ(calls[0]["function"]["arguments"], "{\"x\":1}");
  }
}

const std::string kTwo = R"(<tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>)"
                         R"(<tool_call>{"name": "g", "arguments": {}}</tool_call>)";

TEST_F(ToolsTest, CallsOfAnAnswerAreCounted) {
  start("<tool_call>", kTwo, 2);
  const Json both = post(std::string(kTools) + R"(,"n":2)").json();
  std::set<std::string> ids;
  for (const Json& choice : both["choices"]) {
    ASSERT_EQ(choice["message"]["tool_calls"].size(), 2u) << both;
    EXPECT_EQ(choice["message"]["tool_calls"][1]["function"]["name"], "g");
    for (const Json& call : choice["message"]["tool_calls"]) ids.insert(call["id"].get<std::string>());
  }
  EXPECT_EQ(ids.size(), 4u) << "answers are told apart each for itself";
  std::vector<std::vector<int>> indices(2);
  for (const Json& event : post(std::string(kTools) + R"(,"n":2,"stream":true)").events()) {
    if (!event.is_object()) continue;
    const Json& choice = event["choices"][0];
    for (const Json& call : choice["delta"].value("tool_calls", Json::array()))
      indices.at(choice["index"]).push_back(call["index"]);
  }
  EXPECT_EQ(indices, (std::vector<std::vector<int>>{{0, 1}, {0, 1}}));
}

TEST_F(ToolsTest, WhereOneCallIsAskedForItEndsTheAnswer) {
  start("<tool_call>", kTwo);
  provider_->hold = true;  // the answer's end would come when the client is gone
  const Json alone = choice(std::string(kTools) + R"(,"parallel_tool_calls":false)");
  ASSERT_EQ(alone["message"]["tool_calls"].size(), 1u);
  EXPECT_EQ(alone["message"]["tool_calls"][0]["function"]["name"], "f");
  EXPECT_EQ(alone["finish_reason"], "tool_calls");
  EXPECT_TRUE(provider_->idle());
  start("<tool_call>", kTwo, 2);
  const Json each = post(std::string(kTools) + R"(,"parallel_tool_calls":false,"n":2)").json();
  ASSERT_EQ(each["choices"].size(), 2u) << each;
  for (const Json& one : each["choices"]) EXPECT_EQ(one["message"]["tool_calls"].size(), 1u) << one;
}

TEST_F(ToolsTest, WithoutToolsCallsAreContentAndThoughtsAreNot) {
  start("<tool_call>", "<think>hm</think>" + kTwo);
  for (const std::string& more : {std::string(R"("n":1)"), std::string(kTools) + R"(,"tool_choice":"none")"}) {
    const Json told = choice(more);
    EXPECT_EQ(told["message"]["content"], kTwo);
    EXPECT_EQ(told["message"]["reasoning_content"], "hm");
    EXPECT_FALSE(told["message"].contains("tool_calls"));
    EXPECT_EQ(told["finish_reason"], "stop");
  }
}

TEST_F(ToolsTest, ACallThatIsCutIsContentAndEveryTokenIsReported) {
  const std::string cut = "<tool_call>{\"name\": \"f\", \"argu";
  start("<tool_call>", cut, 1, chat::FinishReason::kLength);
  const Json told = choice(std::string(kTools) + R"(,"logprobs":true)");
  EXPECT_EQ(told["message"]["content"], cut);
  EXPECT_EQ(told["finish_reason"], "length");
  EXPECT_EQ(told["logprobs"]["content"].size(), cut.size());
}

TEST_F(ToolsTest, CompletionsStayAsTheyAre) {
  start("<tool_call>", "<think>hm</think>");
  TestClient client(server_->port());
  client.send(post_text("/v1/completions", R"({"prompt":"a"})"));
  EXPECT_EQ(client.read().json()["choices"][0]["text"], "<think>hm</think>");
}

TEST_F(ServerTest, AnAnswerIsHeldToItsFormat) {
  start();
  Json json = complete(R"("prompt":"x","max_tokens":2000,"n":2,"response_format":{"type":"json_schema","json_schema":
                          {"name":"n","schema":{"type":"array","items":{"enum":["a","b"]},"minItems":2,"maxItems":3}}})")
                  .json();
  ASSERT_TRUE(json.contains("choices")) << json;
  for (const Json& choice : json["choices"]) {
    EXPECT_EQ(choice["finish_reason"], "stop");
    auto list = parse_json(choice["text"].get<std::string>(), "answer");
    ASSERT_TRUE(list.ok()) << choice["text"];
    EXPECT_GE(list->size(), 2u);
  }
  TestResponse wrong = complete(R"("prompt":"x","response_format":{"type":"json_schema","json_schema":{"name":"n",
                                   "schema":{"type":"object","properties":{"a":{"uniqueItems":true}}}}})");
  EXPECT_EQ(wrong.status, 400) << wrong.body;
  EXPECT_NE(wrong.body.find("uniqueItems"), std::string::npos) << wrong.body;
}

// A model of random weights makes the call that it must make.
TEST_F(ServerTest, ACallThatMustBeMadeIsMade) {
  auto published = chat::PublishedTemplate::of_text(
      "{{ tools | tojson }}{{ messages | tojson }}{# <tool_call>{\"name\": #}", "t.jinja");
  ASSERT_TRUE(published.ok()) << published.error().to_string();
  chat_template_ = chat::ChatTemplate::of_model(*std::move(published), {"<|endoftext|>"});
  start();
  const std::string fields = std::string(kTools) + R"(,"n":2,"seed":4,"tool_choice":)";
  for (const char* wanted : {R"("required")", R"({"type":"function","function":{"name":"f"}})"}) {
    const TestResponse response = post("/v1/chat/completions", asking(fields + wanted));
    ASSERT_EQ(response.status, 200) << response.body;
    const Json told = response.json();
    for (const Json& choice : told["choices"]) {
      EXPECT_EQ(choice["finish_reason"], "tool_calls") << choice;
      ASSERT_EQ(choice["message"]["tool_calls"].size(), 1u) << choice;
      const Json& function = choice["message"]["tool_calls"][0]["function"];
      EXPECT_EQ(function["name"], "f");
      auto arguments = parse_json(function["arguments"].get<std::string>(), "arguments");
      ASSERT_TRUE(arguments.ok()) << function;
      EXPECT_LE((*arguments)["x"].get<int>(), 9);
    }
  }
  expect_error(
      post("/v1/chat/completions", asking(std::string(kTools) + R"(,"response_format":{"type":"json_object"})")), 400,
      "unsupported_parameter", "tools");
  const TestResponse history = post(
      "/v1/chat/completions",
      R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function",
         "function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"2"}],"max_tokens":3})");
  EXPECT_EQ(history.status, 200) << history.body;
}

}  // namespace
}  // namespace malmoi::serve
