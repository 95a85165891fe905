// Anthropic's paths over HTTP: messages whole and streamed, tokens counted, errors in its form.
#include <gtest/gtest.h>

#include "serve/scripted_server.h"
#include "serve/server_test.h"

namespace malmoi::serve {
namespace {

// The names of a stream's events, in their order.
std::vector<std::string> names_of(const TestResponse& response) {
  std::vector<std::string> names;
  for (size_t at = 0; (at = response.body.find("event: ", at)) != response.body.npos;) {
    const size_t end = response.body.find('\n', at);
    names.push_back(response.body.substr(at + 7, end - at - 7));
    at = end;
  }
  return names;
}

void expect_anthropic_error(const TestResponse& response, int status, const std::string& type) {
  EXPECT_EQ(response.status, status) << response.body;
  const Json json = response.json();
  EXPECT_EQ(json["type"], "error");
  EXPECT_EQ(json["error"]["type"], type);
  EXPECT_FALSE(json_string(json["error"], "message").empty());
}

TEST_F(ServerTest, AnthropicsStreamsAddUpToTheWholeMessage) {
  start();
  const std::string body =
      R"({"model":"tiny","max_tokens":12,"system":"짧게","messages":[{"role":"user","content":"안녕"}],"seed":2,"ignore_eos":true)";
  expect_anthropic_error(post("/v1/messages", body + "}"), 400, "invalid_request_error");  // OpenAI's extension
  const std::string asked = body.substr(0, body.find(R"(,"ignore_eos")"));
  const TestResponse response = post("/v1/messages", asked + "}", "anthropic-version: 2023-06-01\r\n");
  ASSERT_EQ(response.status, 200) << response.body;
  const Json whole = response.json();
  EXPECT_EQ(whole["type"], "message");
  EXPECT_EQ(whole["role"], "assistant");
  EXPECT_EQ(whole["model"], "tiny");
  EXPECT_TRUE(json_string(whole, "id").starts_with("msg_"));
  EXPECT_EQ(whole["usage"]["input_tokens"], std::string("짧게\n\nuser: 안녕\nassistant:").size());
  std::string text;
  for (const Json& block : whole["content"]) text += json_string(block, "text");
  const TestResponse streamed = post("/v1/messages?beta=true", asked + R"(,"stream":true})");
  EXPECT_EQ(streamed.field("Content-Type"), "text/event-stream; charset=utf-8");
  const std::vector<std::string> names = names_of(streamed);
  ASSERT_GE(names.size(), 3u) << streamed.body;
  EXPECT_EQ(names.front(), "message_start");
  EXPECT_EQ(names[names.size() - 2], "message_delta");
  EXPECT_EQ(names.back(), "message_stop");
  std::string pieces;
  Json end;
  for (const Json& event : streamed.events()) {
    if (event["type"] == "content_block_delta") pieces += json_string(event["delta"], "text");
    if (event["type"] == "message_delta") end = event;
  }
  EXPECT_EQ(pieces, text);
  EXPECT_EQ(end["delta"]["stop_reason"], whole["stop_reason"]);
  EXPECT_EQ(end["usage"]["output_tokens"], whole["usage"]["output_tokens"]);
}

TEST_F(ServerTest, AnthropicsTokensAreCounted) {
  start();
  const std::string conversation = R"("messages":[{"role":"user","content":"안녕"}]})";
  const TestResponse counted = post("/v1/messages/count_tokens", R"({"model":"tiny",)" + conversation);
  ASSERT_EQ(counted.status, 200) << counted.body;
  EXPECT_EQ(counted.json()["input_tokens"], std::string("user: 안녕\nassistant:").size());
  EXPECT_EQ(post("/v1/messages", R"({"max_tokens":0,)" + conversation).json()["usage"]["input_tokens"],
            counted.json()["input_tokens"]);
  expect_anthropic_error(post("/v1/messages/count_tokens", "{}"), 400, "invalid_request_error");
  EXPECT_EQ(get("/v1/messages/count_tokens").status, 405);
}

TEST_F(ServerTest, AnthropicsErrorsHaveItsForm) {
  start({.api_keys = {"secret"}, .max_body_bytes = 4096});
  const std::string key = "x-api-key: secret\r\n";
  const std::string body = R"({"max_tokens":1,"messages":[{"role":"user","content":"a"}],"model":")";
  expect_anthropic_error(post("/v1/messages", body + "tiny\"}"), 401, "authentication_error");
  expect_anthropic_error(post("/v1/messages", body + "claude-9\"}", key), 404, "not_found_error");
  expect_anthropic_error(post("/v1/messages", "{", key), 400, "invalid_request_error");
  expect_anthropic_error(get("/v1/messages", key), 405, "invalid_request_error");
  expect_anthropic_error(post("/v1/messages", std::string(5000, ' '), key), 413, "request_too_large");
  EXPECT_EQ(post("/v1/messages", body + "tiny\"}", key).status, 200);
  const TestResponse wrong =
      post("/v1/messages", R"({"max_tokens":1,"messages":[{"role":"user","content":[{"type":"image"}]}]})", key);
  EXPECT_TRUE(json_string(wrong.json()["error"], "message").starts_with("messages[0].content[0].type: ")) << wrong.body;
}

// Answers of a model that thinks and calls functions.
class AnthropicAnswers : public ScriptedServer {
 protected:
  TestResponse post(const std::string& more) {
    return ScriptedServer::post("/v1/messages",
                                R"({"max_tokens":99,"messages":[{"role":"user","content":"a"}])" + more + "}");
  }
};

constexpr const char* kCustomTools = R"(,"tools":[{"name":"f","input_schema":{"type":"object"}}])";

TEST_F(AnthropicAnswers, ThoughtsTextAndCallsAreBlocks) {
  start(by_bytes(
      "<think>\nhm\n</think>\n\nSo:\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>"));
  const Json whole = post(kCustomTools).json();
  ASSERT_EQ(whole["content"].size(), 3u) << whole;
  EXPECT_EQ(whole["content"][0]["thinking"], "hm");
  EXPECT_EQ(whole["content"][1]["text"], "So:");
  EXPECT_EQ(whole["content"][2]["name"], "f");
  EXPECT_EQ(dump_json(whole["content"][2]["input"]), R"({"x":1})");
  EXPECT_EQ(whole["stop_reason"], "tool_use");
  EXPECT_EQ(whole["usage"]["input_tokens"], kScriptedPrompt - kScriptedCached);
  EXPECT_EQ(whole["usage"]["cache_read_input_tokens"], kScriptedCached);

  const TestResponse streamed = post(std::string(kCustomTools) + R"(,"stream":true)");
  std::vector<std::string> types;
  std::string thoughts, text, input;
  int64_t open = -1;
  for (const Json& event : streamed.events()) {
    if (event["type"] == "content_block_start") {
      EXPECT_EQ(open, -1) << "two are open at once";
      EXPECT_EQ(event["index"], types.size());
      open = event["index"].get<int64_t>();
      types.push_back(json_string(event["content_block"], "type"));
    } else if (event["type"] == "content_block_delta") {
      EXPECT_EQ(event["index"], open);
      thoughts += json_string(event["delta"], "thinking");
      text += json_string(event["delta"], "text");
      input += json_string(event["delta"], "partial_json");
    } else if (event["type"] == "content_block_stop") {
      EXPECT_EQ(event["index"], open);
      open = -1;
    }
  }
  EXPECT_EQ(types, (std::vector<std::string>{"thinking", "text", "tool_use"})) << streamed.body;
  EXPECT_EQ(thoughts, "hm");
  EXPECT_EQ(text, "So:");
  EXPECT_EQ(input, R"({"x":1})");
  EXPECT_EQ(names_of(streamed).back(), "message_stop");
}

TEST_F(AnthropicAnswers, TheTextThatEndedOneIsTold) {
  chat::TokenEvent by_text = ended();
  by_text.stop = "###";
  start(by_bytes("so", by_text));
  const Json stopped = post(R"(,"stop_sequences":["###"])").json();
  EXPECT_EQ(stopped["stop_reason"], "stop_sequence") << stopped;
  EXPECT_EQ(stopped["stop_sequence"], "###");
  EXPECT_EQ(post("").json()["stop_reason"], "end_turn") << "it is the template's own";
  ASSERT_EQ(provider_->asked().size(), 2u);
  EXPECT_EQ(provider_->asked()[0].stop, std::vector<std::string>{"###"});
}

TEST_F(AnthropicAnswers, AFailureEndsAStreamWithItsEvent) {
  start(by_bytes("so", ended(chat::FinishReason::kError, "no paper")));
  provider_->hold = true;  // the failure comes when the stream has begun
  TestClient client(server_->port());
  client.send(
      post_text("/v1/messages", R"({"max_tokens":9,"stream":true,"messages":[{"role":"user","content":"a"}]})"));
  ASSERT_TRUE(client.read_until("text_delta"));
  provider_->hold = false;
  const TestResponse streamed = client.read();
  const std::vector<std::string> names = names_of(streamed);
  ASSERT_FALSE(names.empty());
  EXPECT_EQ(names.back(), "error");
  const Json event = streamed.events().back();
  EXPECT_EQ(event["error"]["type"], "api_error");
  EXPECT_EQ(event["error"]["message"], "no paper");
}

}  // namespace
}  // namespace malmoi::serve
