// Google's API over HTTP: paths, streams, keys, failures.
#include <gtest/gtest.h>

#include "serve/scripted_server.h"
#include "serve/server_test.h"

namespace malmoi::serve {
namespace {

const std::string kContents = R"("contents":[{"role":"user","parts":[{"text":"hello"}]}])";
const std::string kAsked =
    "{" + kContents + R"(,"generationConfig":{"maxOutputTokens":12,"seed":3,"candidateCount":2}})";

void expect_status(const TestResponse& response, int code, const std::string& status) {
  EXPECT_EQ(response.status, code) << response.body;
  const Json error = response.json()["error"];
  EXPECT_EQ(error["code"], code);
  EXPECT_EQ(error["status"], status);
  EXPECT_FALSE(error["message"].get<std::string>().empty());
}

// The text of each candidate, put together from the responses of a stream.
std::vector<std::string> texts_of(const std::vector<Json>& responses) {
  std::vector<std::string> texts(2);
  for (const Json& response : responses) {
    for (const Json& candidate : response["candidates"]) {
      for (const Json& part : candidate["content"]["parts"])
        texts.at(candidate["index"]) += part["text"].get<std::string>();
    }
  }
  return texts;
}

TEST_F(ServerTest, GeminisStreamsAddUpToTheWholeAnswer) {
  start();
  for (const std::string& version : {std::string("/v1beta"), std::string("/v1")}) {
    const std::string model = version + "/models/tiny";
    const TestResponse response = post(model + ":generateContent", kAsked);
    ASSERT_EQ(response.status, 200) << response.body;
    const Json whole = response.json();
    ASSERT_EQ(whole["candidates"].size(), 2u) << whole;
    EXPECT_TRUE(whole["candidates"][0]["finishReason"].is_string());
    EXPECT_GT(whole["usageMetadata"]["candidatesTokenCount"], 0);
    EXPECT_EQ(whole["modelVersion"], "tiny");

    const TestResponse events = post(model + ":streamGenerateContent?alt=sse", kAsked);
    ASSERT_EQ(events.status, 200) << events.body;
    EXPECT_EQ(events.field("Content-Type"), "text/event-stream; charset=utf-8");
    EXPECT_EQ(events.body.find("[DONE]"), std::string::npos);
    EXPECT_EQ(texts_of(events.events()), texts_of({whole}));
    EXPECT_EQ(events.events().back()["usageMetadata"]["totalTokenCount"], whole["usageMetadata"]["totalTokenCount"]);

    const TestResponse list = post(model + ":streamGenerateContent", kAsked);
    EXPECT_EQ(list.field("Content-Type"), "application/json");
    const Json responses = list.json();
    ASSERT_TRUE(responses.is_array()) << list.body;
    EXPECT_EQ(texts_of(std::vector<Json>(responses.begin(), responses.end())), texts_of({whole}));

    const Json counted = post(model + ":countTokens", "{" + kContents + "}").json();
    EXPECT_EQ(counted["totalTokens"], whole["usageMetadata"]["promptTokenCount"]);
  }
}

TEST_F(ServerTest, GeminisModelsAreTheirsWhereAPathIsShared) {
  start({}, {}, "org/말");
  EXPECT_EQ(get("/v1beta/models").json()["models"][0]["name"], "models/org/말");
  EXPECT_EQ(get("/v1beta/models/org/%EB%A7%90").json()["displayName"], "org/말");
  const std::string google = "X-Goog-Api-Client: google-genai-sdk/1\r\n";
  EXPECT_EQ(get("/v1/models", google).json()["models"].size(), 1u);
  EXPECT_EQ(get("/v1/models/org/%EB%A7%90", google).json()["name"], "models/org/말");
  EXPECT_EQ(get("/v1/models").json()["object"], "list");
  EXPECT_EQ(get("/v1/models/org/%EB%A7%90").json()["object"], "model");
  expect_status(get("/v1/models/huge", google), 404, "NOT_FOUND");
  EXPECT_EQ(post("/v1beta/models/org/%EB%A7%90:generateContent", kAsked).status, 200);
}

TEST_F(ServerTest, GeminisErrorsAreInItsForm) {
  start();
  expect_status(post("/v1beta/models/huge:generateContent", kAsked), 404, "NOT_FOUND");
  expect_status(post("/v1beta/models/huge:countTokens", "{" + kContents + "}"), 404, "NOT_FOUND");
  const TestResponse wrong = post("/v1beta/models/tiny:streamGenerateContent", R"({"contents":[],"x":1})");
  expect_status(wrong, 400, "INVALID_ARGUMENT");
  EXPECT_EQ(wrong.json()["error"]["details"][0]["fieldViolations"][0]["field"], "contents");
  expect_status(post("/v1beta/models/tiny:generateContent", "{"), 400, "INVALID_ARGUMENT");
  expect_status(get("/v1beta/models/tiny:generateContent"), 404, "NOT_FOUND");
}

TEST_F(ServerTest, KeysMayStandWhereGooglesClientsPutThem) {
  start({.api_keys = {"se+cret"}});
  expect_status(get("/v1beta/models"), 401, "UNAUTHENTICATED");
  EXPECT_EQ(get("/v1beta/models", "x-goog-api-key: se+cret\r\n").status, 200);
  EXPECT_EQ(get("/v1beta/models?pageSize=5&key=se%2Bcret").status, 200);
  EXPECT_EQ(get("/v1beta/models?key=se%2Bcret", "Authorization: Bearer other\r\n").status, 200);
  for (const char* query : {"?key=", "?key", "?monkey=se%2Bcret", "?key=se%2Bcre", "?a=key=se%2Bcret"})
    EXPECT_EQ(get(std::string("/v1beta/models") + query).status, 401) << query;
  EXPECT_EQ(get("/v1beta/models", "x-goog-api-key: Bearer se+cret\r\n").status, 401);
  const TestResponse nothing = get("/nothing?key=se%2Bcret");
  EXPECT_EQ(nothing.status, 404);
  EXPECT_EQ(nothing.body.find("cret"), std::string::npos) << "keys are told to nobody";
}

class GeminiAnswers : public ScriptedServer {
 protected:
  TestResponse post(const std::string& method, const std::string& more = "") {
    return ScriptedServer::post("/v1beta/models/fake:" + method, "{" + kContents + more + "}");
  }
};

TEST_F(GeminiAnswers, ThoughtsAndCallsAreParts) {
  start({said("<think>hm</think>"), said("So:"), said(R"(<tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>)"),
         ended()});
  const std::string tools = R"(,"tools":[{"functionDeclarations":[{"name":"f"}]}])";
  const std::string thinking = R"(,"generationConfig":{"thinkingConfig":{"includeThoughts":true}})";
  const Json candidate = post("generateContent", tools + thinking).json()["candidates"][0];
  const Json& parts = candidate["content"]["parts"];
  ASSERT_EQ(parts.size(), 3u) << candidate;
  EXPECT_EQ(dump_json(parts[0]), R"({"text":"hm","thought":true})");
  EXPECT_EQ(parts[1]["text"], "So:");
  EXPECT_EQ(parts[2]["functionCall"]["name"], "f");
  EXPECT_EQ(dump_json(parts[2]["functionCall"]["args"]), R"({"x":1})");
  EXPECT_EQ(candidate["finishReason"], "STOP");
  const Json without = post("generateContent", tools).json()["candidates"][0]["content"]["parts"];
  ASSERT_EQ(without.size(), 2u) << without;
  EXPECT_EQ(without[0]["text"], "So:");
  std::vector<std::string> kinds;
  for (const Json& event : post("streamGenerateContent?alt=sse", tools + thinking).events()) {
    for (const Json& part : event["candidates"][0]["content"]["parts"])
      kinds.push_back(part.contains("functionCall") ? "call"
                      : part.contains("thought")    ? "thought"
                                                    : part["text"].get<std::string>());
  }
  EXPECT_EQ(kinds, (std::vector<std::string>{"thought", "So:", "call", ""}));
}

TEST_F(GeminiAnswers, AFailureInTheMiddleIsTheLastEvent) {
  start({said("a"), said("b"), ended(chat::FinishReason::kError, "broken")});
  expect_status(post("generateContent"), 500, "INTERNAL");
  provider_->hold = true;  // until the stream has begun
  TestClient client(server_->port());
  client.send(post_text("/v1beta/models/fake:streamGenerateContent", "{" + kContents + "}"));
  ASSERT_TRUE(client.read_until(R"("text":"b")"));
  provider_->hold = false;
  const Json list = client.read().json();
  ASSERT_TRUE(list.is_array()) << list;
  EXPECT_EQ(list.back()["error"]["status"], "INTERNAL") << list;
}

}  // namespace
}  // namespace malmoi::serve
