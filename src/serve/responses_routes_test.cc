// The Responses API from outside, over sockets.
#include <gtest/gtest.h>

#include "chat/answer/answer_parser.h"
#include "serve/fake_provider.h"
#include "serve/server_test.h"

namespace malmoi::serve {
namespace {

constexpr const char* kTools = R"("tools":[{"type":"function","name":"f","parameters":{"type":"object"}}])";

std::string asking(const std::string& more) { return R"({"input":"a")" + (more.empty() ? "" : "," + more) + "}"; }

// A server whose answers are a script's.
class ResponsesTest : public ::testing::Test {
 protected:
  // `text`, a byte a token, and the end.
  void start(const std::string& text, chat::FinishReason finish = chat::FinishReason::kStop,
             const std::string& error = "") {
    provider_.family = &chat::answer_family("<tool_call>");
    for (char byte : text) {
      chat::TokenEvent event;
      event.id = 1;
      event.bytes = event.text = std::string(1, byte);
      event.prompt_tokens = 3;
      provider_.script.push_back(event);
    }
    chat::TokenEvent last;
    last.finish = finish;
    last.error = error;
    provider_.script.push_back(last);
    auto server = Server::start({.port = 0});
    ASSERT_TRUE(server.ok()) << server.error().to_string();
    server_ = *std::move(server);
    server_->serve(provider_);
  }
  void TearDown() override { server_.reset(); }

  TestResponse post(const std::string& more) {
    TestClient client(server_->port());
    client.send(post_text("/v1/responses", asking(more)));
    return client.read();
  }

  FakeProvider provider_;
  std::unique_ptr<Server> server_;
};

const std::string kAnswer =
    "<think>\nhm\n</think>\n\nSo:\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>";

TEST_F(ResponsesTest, ThoughtsTextAndCallsAreItems) {
  start(kAnswer);
  const TestResponse response = post(kTools);
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
  EXPECT_EQ(json["usage"]["input_tokens"], 3);
  EXPECT_EQ(json["usage"]["output_tokens"], kAnswer.size());
  EXPECT_GT(json["usage"]["output_tokens_details"]["reasoning_tokens"], 2);
  EXPECT_EQ(json["tools"][0]["name"], "f");
  const chat::GenerationRequest asked = provider_.asked().at(0);
  EXPECT_EQ(std::get<std::vector<chat::Message>>(asked.prompt).at(0).content, "a");
  EXPECT_FALSE(asked.tools.functions.empty());
}

TEST_F(ResponsesTest, AStreamAddsUpToTheResponseThatEndsIt) {
  start(kAnswer);
  const TestResponse response = post(std::string(kTools) + R"(,"stream":true)");
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
  start("So", chat::FinishReason::kLength);
  const Json whole = post("").json();
  EXPECT_EQ(whole["status"], "incomplete");
  EXPECT_EQ(whole["incomplete_details"]["reason"], "max_output_tokens");
  EXPECT_EQ(post(R"("stream":true)").events().back()["type"], "response.incomplete");
}

TEST_F(ResponsesTest, AFailureInTheMiddleOfAStreamIsTold) {
  provider_.hold = true;  // the failure comes behind what was told already
  start("So", chat::FinishReason::kError, "broken");
  TestClient client(server_->port());
  client.send(post_text("/v1/responses", asking(R"("stream":true)")));
  ASSERT_TRUE(client.read_until("output_text.delta"));
  provider_.hold = false;
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
  EXPECT_EQ(text, part["text"]);
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
