// Embeddings, rankings, rendered chats and gaps over HTTP, and the paths of hosting platforms, which answer as the paths of
// OpenAI's APIs do.
#include <gtest/gtest.h>

#include "base/base64.h"
#include "infer/encoder_provider.h"
#include "serve/fake_provider.h"
#include "serve/server_test.h"

namespace malmoi::serve {
namespace {

TEST_F(ServerTest, EmbeddingsAsNumbersAndInBase64) {
  start();
  const Json json = post("/v1/embeddings", R"({"model":"tiny","input":["hello",[104,105]]})").json();
  EXPECT_EQ(json["object"], "list");
  ASSERT_EQ(json["data"].size(), 2u) << json;
  EXPECT_EQ(json["usage"]["total_tokens"], 7);
  const auto vector = json["data"][0]["embedding"].get<std::vector<double>>();
  ASSERT_EQ(vector.size(), 32u);
  double squares = 0;
  for (double x : vector) squares += x * x;
  EXPECT_NEAR(squares, 1, 1e-5);
  const Json packed = post("/v1/embeddings", R"({"input":"hello","encoding_format":"base64","dimensions":4})").json();
  std::string bytes;
  ASSERT_TRUE(decode_base64(packed["data"][0]["embedding"].get<std::string>(), bytes)) << packed;
  EXPECT_EQ(bytes.size(), 16u);
  expect_error(post("/v1/embeddings", R"({"input":"a","dimensions":33})"), 400, "", "dimensions");
  expect_error(post("/v1/embeddings", R"({"input":"a","model":"huge"})"), 404, "model_not_found", "model");
  expect_error(post("/v1/embeddings", R"({"input":")" + std::string(9000, 'a') + "\"}"), 400, "", "input");
}

TEST_F(ServerTest, ADocumentThatIsTheQuestionComesFirst) {
  start();
  for (const char* path : {"/v1/rerank", "/rerank"}) {
    const Json json = post(path, R"({"query":"가나다","documents":["xyz","가나다"],"top_n":1})").json();
    ASSERT_EQ(json["results"].size(), 1u) << json;
    EXPECT_EQ(json["results"][0]["index"], 1);
    EXPECT_NEAR(json["results"][0]["relevance_score"].get<double>(), 1, 1e-5);
    EXPECT_EQ(json["results"][0]["document"]["text"], "가나다");
  }
  expect_error(post("/rerank", R"({"query":"a","documents":[]})"), 400, "", "documents");
}

TEST_F(ServerTest, AChatIsRendered) {
  start();
  EXPECT_EQ(post("/apply-template", R"({"messages":[{"role":"user","content":"hi"}]})").json(),
            (Json{{"prompt", "user: hi\nassistant:"}}));
}

TEST_F(ServerTest, AModelThatFillsNoGapsSaysSo) {
  start();
  expect_error(post("/infill", R"({"input_prefix":"a","input_suffix":"b"})"), 400, "unsupported_parameter",
               "input_suffix");
  expect_error(complete(R"("prompt":"a","suffix":"b")"), 400, "unsupported_parameter", "suffix");
}

TEST_F(ServerTest, InvocationsAreAnsweredByTheirShape) {
  start();
  const std::string prompt = R"({"prompt":"hello","max_tokens":8,"seed":3,"ignore_eos":true)";
  const Json completed = post("/v1/completions", prompt + "}").json();
  for (const char* path : {"/invocations", "/score"}) {
    const Json json = post(path, prompt + "}").json();
    EXPECT_EQ(json["choices"], completed["choices"]) << json;
    EXPECT_EQ(json["usage"]["completion_tokens"], 8);
    EXPECT_EQ(post(path, R"({"messages":[{"role":"user","content":"hi"}],"max_tokens":3})").json()["object"],
              "chat.completion");
    EXPECT_EQ(post(path, R"({"input":"hello"})").json()["data"].size(), 1u);
    EXPECT_EQ(post(path, R"({"query":"a","documents":["b"]})").json()["results"].size(), 1u);
    expect_error(post(path, R"({"inputs":"hello"})"), 400, "");
    expect_error(post(path, R"({"prompt":"a","temperature":-1})"), 400, "", "temperature");
    expect_error(post(path, "no JSON"), 400, "");
  }
  const std::vector<Json> events = post("/invocations", prompt + R"(,"stream":true})").events();
  std::string text;
  for (const Json& event : events) {
    if (event.is_object()) text += event["choices"][0]["text"].get<std::string>();
  }
  EXPECT_EQ(completed["choices"][0]["text"], text);
  EXPECT_EQ(events.back(), "[DONE]");
}

TEST_F(ServerTest, PredictionsAreWhatTheirInstancesAskFor) {
  start();
  const TestResponse response = post(
      "/predict",
      R"({"instances":[{"prompt":"hello","seed":3},{"input":"hello"},{"messages":[{"role":"user","content":"a"}],"max_tokens":2}],
          "parameters":{"max_tokens":8,"ignore_eos":true,"seed":4}})");
  expect_error(response, 400, "", "instances[1].max_tokens");  // embeddings have no such field
  const Json json =
      post("/predict",
           R"({"instances":[{"prompt":"hello","seed":3},{"messages":[{"role":"user","content":"a"}],"max_tokens":2}],
               "parameters":{"max_tokens":8,"ignore_eos":true,"seed":4}})")
          .json();
  ASSERT_EQ(json["predictions"].size(), 2u) << json;
  EXPECT_EQ(json["predictions"][0]["choices"],
            complete(R"("prompt":"hello","max_tokens":8,"seed":3)").json()["choices"]);
  EXPECT_EQ(json["predictions"][1]["object"], "chat.completion");
  EXPECT_EQ(json["predictions"][1]["usage"]["completion_tokens"], 2) << "its own field, not the parameter";
  EXPECT_EQ(post("/predict", R"({"instances":[{"input":"a"}]})").json()["predictions"][0]["object"], "list");
  expect_error(post("/predict", R"({"instances":[]})"), 400, "", "instances");
  expect_error(post("/predict", R"({"instances":["a"]})"), 400, "", "instances[0]");
  expect_error(post("/predict", R"({"instances":[{"text":"a"}]})"), 400, "", "instances[0]");
  expect_error(post("/predict", R"({"instances":[{"prompt":"a"}],"parameters":{"stream":true}})"), 400,
               "unsupported_parameter", "instances[0].stream");
  expect_error(post("/predict", R"({"instances":[{"prompt":"a","n":0}]})"), 400, "", "instances[0].n");
  expect_error(post("/predict", R"({"instances":[{}],"parameters":{"prompt":")" + std::string(200'000, 'a') + "\"}}"),
               400, "", "parameters");
  expect_error(post("/predict", R"({"instances":[{"prompt":"a"}],"signature":"b"})"), 400, "", "signature");
  EXPECT_TRUE(idle());
}

TEST_F(ServerTest, PathsOfAPlatformsOwn) {
  start({.health_path = "/is/well", .predict_path = "/v1/endpoints/7:predict"});
  EXPECT_EQ(get("/ping").status, 200);
  EXPECT_EQ(get("/is/well").json()["status"], "ok");
  EXPECT_EQ(get("/health").status, 200);
  EXPECT_EQ(post("/v1/endpoints/7:predict", R"({"instances":[{"input":"a"}]})").status, 200);
  EXPECT_EQ(post("/predict", R"({"instances":[{"input":"a"}]})").status, 200);
  EXPECT_EQ(get("/v1/endpoints/7:predict").status, 405);
  EXPECT_EQ(get("/").status, 200) << "the page";
}

TEST(EncoderServer, GivesEmbeddingsAndSaysThatItWritesNothing) {
  const auto model = infer::tiny_encoder();
  const auto tokenizer = *tokenizer::Tokenizer::from_json(infer::tiny_tokenizer_json());
  infer::EncoderProvider provider(*model, tokenizer, {.name = "encoder"}, {});
  auto server = Server::start({.port = 0});
  ASSERT_TRUE(server.ok());
  (*server)->serve(provider);
  auto post = [&](const char* path, const char* body) {
    TestClient client((*server)->port());
    client.send(post_text(path, body));
    return client.read();
  };
  EXPECT_EQ(post("/v1/embeddings", R"({"model":"encoder","input":"hi"})").json()["data"][0]["embedding"].size(), 32u);
  EXPECT_EQ(post("/rerank", R"({"query":"a","documents":["b","a"]})").json()["results"][0]["index"], 1);
  expect_error(post("/v1/completions", R"({"prompt":"a"})"), 400, "", "model");
  expect_error(post("/apply-template", R"({"messages":[{"role":"user","content":"a"}]})"), 400,
               "unsupported_parameter");
  server->reset();
}

TEST(HostedServer, IsNotReadyWithoutAModelAndAsksForItsKey) {
  auto server = Server::start({.port = 0, .api_keys = {"secret"}});
  ASSERT_TRUE(server.ok());
  TestClient client((*server)->port());
  client.send(get_text("/ping"));
  EXPECT_EQ(client.read().status, 503);
  FakeProvider provider;
  (*server)->serve(provider);
  client.send(get_text("/ping"));
  EXPECT_EQ(client.read().status, 200);
  TestClient caller((*server)->port());
  caller.send(post_text("/invocations", R"({"prompt":"a"})"));
  expect_error(caller.read(), 401, "invalid_api_key");
  server->reset();
}

// A failure in the middle of one of several is told with its place; a client that goes away ends what runs for it.
TEST(HostedServer, PredictionsThatFail) {
  FakeProvider provider;
  chat::TokenEvent broken;
  broken.finish = chat::FinishReason::kError;
  broken.error = "no paper";
  provider.script = {broken};
  provider.hold = true;
  auto server = Server::start({.port = 0});
  ASSERT_TRUE(server.ok());
  (*server)->serve(provider);
  {
    TestClient client((*server)->port());
    client.send(post_text("/predict", R"({"instances":[{"prompt":"a"},{"prompt":"b"}]})"));
    while (provider.asked().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_TRUE(provider.idle()) << "the client is gone";
  EXPECT_EQ(provider.asked().size(), 1u);
  provider.hold = false;
  TestClient client((*server)->port());
  client.send(post_text("/predict", R"({"instances":[{"prompt":"a"}]})"));
  const TestResponse response = client.read();
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.json()["error"]["message"], "no paper");
  EXPECT_EQ(response.json()["error"]["param"], "instances[0]");
  server->reset();
}

}  // namespace
}  // namespace malmoi::serve
