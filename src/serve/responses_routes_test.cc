// The Responses API from outside, over sockets.
#include <gtest/gtest.h>

#include "serve/scripted_server.h"
#include "serve/server_test.h"

namespace malmoi::serve {
namespace {

constexpr const char* kFlatTools = R"("tools":[{"type":"function","name":"f","parameters":{"type":"object"}}])";

std::string body_with(const std::string& more) { return R"({"input":"a")" + (more.empty() ? "" : "," + more) + "}"; }

class ResponsesTest : public ScriptedServer {
 protected:
  TestResponse post(const std::string& more) { return ScriptedServer::post("/v1/responses", body_with(more)); }
};

const std::string kAnswer =
    "<think>\nhm\n</think>\n\nSo:\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>";

TEST_F(ResponsesTest, ThoughtsTextAndCallsAreItems) {
  start(by_bytes(kAnswer));
  const TestResponse response = post(kFlatTools);
  ASSERT_EQ(response.status, 200) << response.body;
  const Json json = response.json();
  EXPECT_EQ(json["object"], "response");
  EXPECT_EQ(json["status"], "completed");
  EXPECT_EQ(json["model"], "fake");
  EXPECT_TRUE(json["id"].get<std::string>().starts_with("resp_"));
  ASSERT_EQ(json["output"].size(), 3u) << json;
  EXPECT_EQ(json["output"][0]["content"][0]["text"], "hm");
  EXPECT_EQ(json["output"][1]["content"][0]["text"], "So:");
  EXPECT_EQ(json["output"][2]["name"], "f");
  EXPECT_EQ(json["output"][2]["arguments"], "{\"x\":1}");
  EXPECT_TRUE(json["output"][2]["call_id"].get<std::string>().starts_with("call_"));
  EXPECT_EQ(json["usage"]["input_tokens"], kScriptedPrompt);
  EXPECT_EQ(json["usage"]["output_tokens"], kAnswer.size());
  EXPECT_GT(json["usage"]["output_tokens_details"]["reasoning_tokens"], 2);
  EXPECT_EQ(json["tools"][0]["name"], "f");
  const chat::GenerationRequest asked = provider_->asked().at(0);
  EXPECT_EQ(std::get<std::vector<chat::Message>>(asked.prompt).at(0).content, "a");
  EXPECT_FALSE(asked.tools.functions.empty());
}

TEST_F(ResponsesTest, AStreamAddsUpToTheResponseThatEndsIt) {
  start(by_bytes(kAnswer));
  const TestResponse response = post(std::string(kFlatTools) + R"(,"stream":true)");
  EXPECT_EQ(response.field("Content-Type"), "text/event-stream; charset=utf-8");
  EXPECT_NE(response.body.find("event: response.created\ndata: {"), std::string::npos) << response.body;
  const std::vector<Json> events = response.events();
  ASSERT_GT(events.size(), 10u);
  std::string thought, text, arguments;
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i]["sequence_number"], i);
    const std::string type = events[i]["type"];
    if (type == "response.reasoning_text.delta") thought += events[i]["delta"];
    if (type == "response.output_text.delta") text += events[i]["delta"];
    if (type == "response.function_call_arguments.delta") arguments += events[i]["delta"];
  }
  EXPECT_EQ(events.back()["type"], "response.completed");
  const Json& output = events.back()["response"]["output"];
  ASSERT_EQ(output.size(), 3u) << output;
  EXPECT_EQ(output[0]["content"][0]["text"], thought);
  EXPECT_EQ(output[1]["content"][0]["text"], text);
  EXPECT_EQ(output[2]["arguments"], arguments);
  EXPECT_EQ(text, "So:");
  EXPECT_EQ(events.back()["response"]["usage"]["output_tokens"], kAnswer.size());
}

TEST_F(ResponsesTest, AnAnswerThatIsCutIsIncomplete) {
  start(by_bytes("So", ended(chat::FinishReason::kLength)));
  const Json whole = post("").json();
  EXPECT_EQ(whole["status"], "incomplete");
  EXPECT_EQ(whole["incomplete_details"]["reason"], "max_output_tokens");
  EXPECT_EQ(post(R"("stream":true)").events().back()["type"], "response.incomplete");
}

TEST_F(ResponsesTest, AFailureInTheMiddleOfAStreamIsTold) {
  start(by_bytes("So", ended(chat::FinishReason::kError, "broken")));
  provider_->hold = true;  // the failure comes behind what was told already
  TestClient client(server_->port());
  client.send(post_text("/v1/responses", body_with(R"("stream":true)")));
  ASSERT_TRUE(client.read_until("output_text.delta"));
  provider_->hold = false;
  const std::vector<Json> events = client.read().events();
  ASSERT_GE(events.size(), 4u);
  EXPECT_EQ(events[events.size() - 2]["type"], "response.failed");
  EXPECT_EQ(events.back()["type"], "error");
  EXPECT_EQ(events.back()["error"]["message"], "broken");
}

TEST_F(ServerTest, ResponsesComeFromTheModelAndErrorsAreOpenAis) {
  start();
  const std::string body =
      R"({"model":"tiny","input":[{"role":"user","content":"안녕"}],"instructions":"s","max_output_tokens":9,"seed":2,"ignore_eos":true,
         "include":["message.output_text.logprobs"],"top_logprobs":2)";
  const TestResponse response = post("/v1/responses", body + "}");
  ASSERT_EQ(response.status, 200) << response.body;
  const Json json = response.json();
  EXPECT_EQ(json["usage"]["input_tokens"], std::string("s\n\nuser: 안녕\nassistant:").size());
  EXPECT_EQ(json["usage"]["output_tokens"], 9);
  const Json& part = json["output"][0]["content"][0];
  EXPECT_EQ(part["logprobs"].size(), 9u);
  EXPECT_EQ(part["logprobs"][0]["top_logprobs"].size(), 2u);
  std::string text;
  const std::vector<Json> events = post("/v1/responses", body + R"(,"stream":true})").events();
  for (const Json& event : events)
    text += json_string(event, "type") == "response.output_text.delta" ? json_string(event, "delta") : "";
  EXPECT_EQ(part["text"], text);
  const Json held =
      post("/v1/responses",
           R"({"input":"a","text":{"format":{"type":"json_schema","name":"n","schema":{"enum":["a","b"]}}}})")
          .json();
  ASSERT_EQ(held["status"], "completed") << held;
  const std::string said = held["output"][0]["content"][0]["text"];
  EXPECT_TRUE(said == "\"a\"" || said == "\"b\"") << said;
  expect_error(post("/v1/responses", R"({"input":"a","previous_response_id":"resp_1"})"), 400, "unsupported_parameter",
               "previous_response_id");
  expect_error(post("/v1/responses", R"({"input":"a","model":"gpt-9"})"), 404, "model_not_found", "model");
  expect_error(post("/v1/responses", "{\"input\":\"" + std::string(kContext, 'a') + "\"}"), 400,
               "context_length_exceeded", "input");
  expect_error(get("/v1/responses/resp_1"), 404, "unknown_url");
}

}  // namespace
}  // namespace malmoi::serve
