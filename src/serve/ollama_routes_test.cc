// Ollama's API over HTTP: streams of lines, models loaded by asking for nothing, errors, and who may send what.
#include <gtest/gtest.h>

#include <sstream>

#include "serve/scripted_server.h"
#include "serve/server_test.h"

namespace malmoi::serve {
namespace {

std::vector<Json> lines_of(const TestResponse& response) {
  std::vector<Json> lines;
  std::istringstream text(response.body);
  for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line, nullptr, false));
  return lines;
}

void expect_ollama_error(const TestResponse& response, int status, const std::string& beginning) {
  EXPECT_EQ(response.status, status) << response.body;
  const Json json = response.json();
  ASSERT_TRUE(json.is_object() && json.contains("error") && json["error"].is_string()) << response.body;
  EXPECT_TRUE(json["error"].get<std::string>().starts_with(beginning)) << response.body;
}

const std::string kChat =
    R"({"model":"tiny:latest","messages":[{"role":"user","content":"hi"}],"options":{"num_predict":6,"seed":3})";

TEST_F(ServerTest, OllamasChatStreamsTheSameTextAsLines) {
  start();
  const TestResponse whole = post("/api/chat", kChat + R"(,"stream":false})");
  ASSERT_EQ(whole.status, 200) << whole.body;
  const Json all = whole.json();
  EXPECT_EQ(all["model"], "tiny");
  EXPECT_EQ(all["done"], true);
  EXPECT_GT(all["prompt_eval_count"], 0);
  EXPECT_GT(all["total_duration"], 0);
  const TestResponse streamed = post("/api/chat", kChat + "}");
  EXPECT_EQ(streamed.field("Content-Type"), "application/x-ndjson");
  const std::vector<Json> lines = lines_of(streamed);
  ASSERT_FALSE(lines.empty()) << streamed.body;
  std::string text;
  for (const Json& line : lines) {
    text += line["message"]["content"].get<std::string>();
    EXPECT_EQ(line["done"], &line == &lines.back());
  }
  EXPECT_EQ(all["message"]["content"], text);
  EXPECT_EQ(lines.back()["done_reason"], all["done_reason"]);
  EXPECT_EQ(lines.back()["eval_count"], all["eval_count"]);
}

TEST_F(ServerTest, OllamasRawTextIsWhatACompletionGives) {
  start();
  const Json completion = post("/v1/completions", R"({"prompt":"hello","max_tokens":9,"seed":4})").json();
  const Json generated =
      post("/api/generate", R"({"prompt":"hello","raw":true,"stream":false,"options":{"num_predict":9,"seed":4}})")
          .json();
  EXPECT_EQ(generated["response"], completion["choices"][0]["text"]);
  EXPECT_EQ(generated["eval_count"], completion["usage"]["completion_tokens"]);
}

TEST_F(ServerTest, OllamasClientsHaveModelsLoadedAndListed) {
  start();
  const TestResponse loaded = post("/api/generate", R"({"model":"tiny"})");
  ASSERT_EQ(loaded.status, 200) << loaded.body;
  EXPECT_EQ(loaded.json()["done_reason"], "load");
  EXPECT_EQ(post("/api/chat", R"({"model":"tiny","messages":[]})").json()["done"], true);
  EXPECT_EQ(get("/api/tags").json()["models"][0]["name"], "tiny:latest");
  EXPECT_EQ(get("/api/ps").json()["models"][0]["context_length"], kContext);
  EXPECT_TRUE(get("/api/version").json()["version"].is_string());
  EXPECT_EQ(post("/api/show", R"({"model":"tiny"})").json()["capabilities"], (Json::array({"completion"})));
  EXPECT_EQ(get("/").status, 200);
}

TEST_F(ServerTest, OllamasVectorsAreThoseOfOpenAIsPath) {
  start();
  const Json wanted = post("/v1/embeddings", R"({"input":["hello","안녕"],"dimensions":4})").json();
  ASSERT_EQ(wanted["data"].size(), 2u) << wanted;
  const TestResponse response =
      post("/api/embed", R"({"model":"tiny:latest","input":["hello","안녕"],"dimensions":4})");
  ASSERT_EQ(response.status, 200) << response.body;
  const Json json = response.json();
  EXPECT_EQ(json["model"], "tiny");
  ASSERT_EQ(json["embeddings"].size(), 2u);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(json["embeddings"][i], wanted["data"][i]["embedding"]);
  EXPECT_EQ(json["prompt_eval_count"], wanted["usage"]["prompt_tokens"]);
  const Json whole = post("/v1/embeddings", R"({"input":"hello"})").json();
  EXPECT_EQ(post("/api/embed", R"({"input":"hello"})").json()["embeddings"][0], whole["data"][0]["embedding"]);
  EXPECT_EQ(post("/api/embeddings", R"({"model":"tiny","prompt":"hello"})").json()["embedding"],
            whole["data"][0]["embedding"]);
  EXPECT_EQ(post("/api/embed", R"({"model":"tiny"})").json()["embeddings"], Json::array());
  EXPECT_EQ(get("/api/embed").status, 405);
}

TEST_F(ServerTest, OllamasErrorsAreOneText) {
  start();
  expect_ollama_error(post("/api/embed", R"({"model":"other","input":"a"})"), 404, "model: ");
  expect_ollama_error(post("/api/embed", R"({"input":")" + std::string(9000, 'a') + "\"}"), 400, "input: ");
  expect_ollama_error(post("/api/embed", R"({"input":"a","options":{"num_ctx":100001}})"), 400, "options.num_ctx: ");
  expect_ollama_error(post("/api/embeddings", R"({"prompt":")" + std::string(9000, 'a') + "\"}"), 400, "prompt: ");
  expect_ollama_error(post("/api/chat", R"({"model":"other","messages":[]})"), 404, "model: ");
  expect_ollama_error(post("/api/chat", "{"), 400, "");
  expect_ollama_error(post("/api/chat", kChat + R"(,"think":true})"), 400, "think: ");
  expect_ollama_error(post("/api/generate", R"({"prompt":"a","options":{"num_ctx":100001}})"), 400,
                      "options.num_ctx: ");
  EXPECT_EQ(post("/api/generate", R"({"options":{"num_ctx":100000}})").status, 200);
  expect_ollama_error(get("/api/chat"), 405, "");
  expect_ollama_error(post("/api/pull", "{}"), 404, "");
}

TestResponse post_as(uint16_t port, const std::string& fields) {
  const std::string body = R"({"model":"tiny"})";
  TestClient client(port);
  client.send("POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n" + fields + "\r\n" + body);
  return client.read();
}

// As `curl -d` sends it; a page of any site could have a model run, if it were let.
TEST_F(ServerTest, OllamasBodiesNeedNoTypeUnlessAPageSendsThem) {
  start();
  const std::string form = "Content-Type: application/x-www-form-urlencoded\r\n", text = "Content-Type: text/plain\r\n";
  EXPECT_EQ(post_as(server_->port(), "").status, 200);
  EXPECT_EQ(post_as(server_->port(), form).status, 200);
  for (const std::string& type : {std::string(), form, text}) {
    expect_ollama_error(post_as(server_->port(), type + "Origin: https://example.org\r\n"), 415, "the body must be");
    expect_ollama_error(post_as(server_->port(), type + "Origin: null\r\n"), 415, "the body must be");
    expect_ollama_error(post_as(server_->port(), type + "Sec-Fetch-Site: cross-site\r\n"), 415, "the body must be");
  }
  EXPECT_EQ(post_as(server_->port(), "Content-Type: application/json\r\nOrigin: app://desktop\r\n").status, 200);
}

class OllamaAnswers : public ScriptedServer {
 protected:
  TestResponse post(const std::string& more) {
    return ScriptedServer::post("/api/chat", R"({"messages":[{"role":"user","content":"a"}])" + more + "}");
  }
};

TEST_F(OllamaAnswers, ThoughtsTextAndCallsComeInOrder) {
  start({said("<think>hm</think>"), said("So:"), said(R"(<tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>)"),
         ended()});
  const TestResponse response = post(R"(,"tools":[{"type":"function","function":{"name":"f"}}])");
  std::string order;
  const std::vector<Json> lines = lines_of(response);
  for (Json line : lines) {
    Json& message = line["message"];
    if (message.contains("thinking")) order += "think ";
    if (message["content"] != "") order += "text ";
    if (message.contains("tool_calls")) order += "call ";
    if (line["done"] == true) order += "done";
  }
  EXPECT_EQ(order, "think text call done") << response.body;
  ASSERT_GE(lines.size(), 2u);
  const Json& call = lines.at(lines.size() - 2)["message"]["tool_calls"][0];
  EXPECT_EQ(dump_json(call["function"]), R"({"index":0,"name":"f","arguments":{"x":1}})");
  EXPECT_EQ(lines.back()["done_reason"], "stop");
}

TEST_F(OllamaAnswers, AFailureInTheMiddleIsALine) {
  start({said("So"), ended(chat::FinishReason::kError, "no memory")});
  const std::vector<Json> lines = lines_of(post(""));
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(dump_json(lines.back()), R"({"error":"no memory"})");
}

}  // namespace
}  // namespace malmoi::serve
