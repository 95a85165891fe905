// The server's HTTP from outside: forms of requests that others take, and what callers without a key can make it do.
#include <gtest/gtest.h>

#include "serve/server_test.h"

namespace malmoi::serve {
namespace {

TEST_F(ServerTest, BodiesThatNobodyWantsAreNotRead) {
  start({.api_keys = {"secret"}, .cors_origins = {"*"}});
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
    TestClient client(server_->port());
    client.send(std::string(method) + " /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n{");
    int status = client.read(std::string(method) == "GET").status;
    EXPECT_EQ(status, std::string(method) == "OPTIONS" ? 204 : 200) << method;
    client.half_close();
    EXPECT_TRUE(client.at_end()) << method;
  }
  TestClient endless(server_->port());
  endless.send("GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5;");
  EXPECT_EQ(endless.read().status, 200);
}

TEST_F(ServerTest, AnEndlessChunkExtensionIsCutOff) {
  start();
  TestClient client(server_->port());
  client.send(
      "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
      "chunked\r\n\r\n5;");
  std::string junk(64 << 10, 'x');
  for (int i = 0; i < 100 && client.send(junk); ++i) {
  }
  expect_error(client.read(), 400, "malformed_request");
}

TEST_F(ServerTest, TransferCodingsOtherThanChunkedAreNotImplemented) {
  start();
  for (const char* coding : {"gzip", "xchunked", "gzip, chunked"}) {
    TestResponse response =
        send("POST /tokenize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: " + std::string(coding) + "\r\n\r\n{}");
    expect_error(response, 501, "unsupported_transfer_encoding");
    EXPECT_EQ(response.field("Connection"), "close") << coding;
  }
  expect_error(post("/tokenize", "{}", "Content-Encoding: gzip\r\n"), 415, "unsupported_media_type");
}

TEST_F(ServerTest, HostsAreComparedWithoutCaseAndTargetsMayBeAbsolute) {
  start({.allowed_hosts = {"LLM.example"}});
  auto status = [&](const std::string& target, const std::string& host) {
    return send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n").status;
  };
  for (const char* host : {"LOCALHOST", "LocalHost:80", "localhost.", "llm.EXAMPLE", "[::1]"})
    EXPECT_EQ(status("/health", host), 200) << host;
  EXPECT_EQ(status("http://localhost/health?a=b", "localhost"), 200);
  EXPECT_EQ(status("HTTP://127.0.0.1:80/v1/models", "evil.example"),
            200);  // the target's host counts (RFC 9112, 3.2.2)
  EXPECT_EQ(status("http://evil.example/health", "localhost"), 403);
  EXPECT_EQ(status("http://localhost", "localhost"), 200);
}

TEST_F(ServerTest, PreflightsAllowTheFieldsThatClientsSend) {
  start({.cors_origins = {"https://app.example"}});
  const std::string asked = "authorization,content-type,x-stainless-arch,x-stainless-retry-count";
  TestResponse allowed = send(
      "OPTIONS /v1/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example\r\n"
      "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: " +
      asked + "\r\n\r\n");
  EXPECT_EQ(allowed.status, 204);
  EXPECT_EQ(allowed.field("Access-Control-Allow-Headers"), asked);
  TestResponse plain = send("OPTIONS /v1/completions HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(plain.status, 204);
  EXPECT_EQ(plain.field("Allow"), "POST, OPTIONS");
  EXPECT_EQ(send("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 204);
  EXPECT_EQ(send("OPTIONS /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 404);
}

// `tiny:countTokens` may be a model to show, and is tokens of `tiny` to count.
TEST_F(ServerTest, APathOfTwoMethodsNamesBoth) {
  start();
  const std::string line = " /v1/models/tiny:countTokens HTTP/1.1\r\nHost: localhost\r\n\r\n";
  EXPECT_EQ(send("OPTIONS" + line).field("Allow"), "GET, HEAD, POST, OPTIONS");
  const TestResponse refused = send("DELETE" + line);
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.field("Allow"), "GET, HEAD, POST");
  EXPECT_EQ(send("OPTIONS / HTTP/1.1\r\nHost: localhost\r\n\r\n").field("Allow"), "GET, HEAD, OPTIONS");
}

TEST_F(ServerTest, NamesOfModelsMayHaveAnyCharacters) {
  start({}, {}, "조직/말모이 1");
  for (const char* path : {"/v1/models/%EC%A1%B0%EC%A7%81%2F%EB%A7%90%EB%AA%A8%EC%9D%B4%201",
                           "/v1/models/%ec%a1%b0%ec%a7%81/%eb%a7%90%eb%aa%a8%ec%9d%b4%201"})
    EXPECT_EQ(get(path).json()["id"], "조직/말모이 1") << path;
  expect_error(get("/v1/models/%EC"), 404, "model_not_found", "model");
}

TEST_F(ServerTest, MoreAnswersThanTheServerTakesAreAnErrorForGood) {
  start({.max_requests = 3});
  expect_error(complete(R"("prompt":"a","n":4,"max_tokens":1)"), 400, "", "n");
  expect_error(complete(R"("prompt":["a","b"],"n":2,"max_tokens":1)"), 400, "", "n");
  EXPECT_EQ(complete(R"("prompt":"a","n":3,"max_tokens":1)").status, 200);
}

TEST_F(ServerTest, BiasesOutsideTheVocabularyAreRefused) {
  start();
  expect_error(complete(R"("prompt":"a","max_tokens":1,"logit_bias":{"999999":1})"), 400, "", "logit_bias");
  EXPECT_EQ(complete(R"("prompt":"a","max_tokens":1,"logit_bias":{"97":1})").status, 200);
}

TEST_F(ServerTest, EchoedPromptsHaveProbabilities) {
  start();
  std::string fields =
      R"("prompt":[[104,105,33],[97]],"echo":true,"logprobs":2,"seed":1,"temperature":0,"max_tokens":)";
  Json scored = complete(fields + "0").json();
  ASSERT_TRUE(scored.contains("choices")) << scored;
  Json logprobs = scored["choices"][0]["logprobs"];
  EXPECT_EQ(logprobs["tokens"], Json::array({"h", "i", "!"}));
  EXPECT_EQ(logprobs["text_offset"], Json::array({0, 1, 2}));
  EXPECT_TRUE(logprobs["token_logprobs"][0].is_null());
  EXPECT_TRUE(logprobs["top_logprobs"][0].is_null());
  EXPECT_LT(logprobs["token_logprobs"][2], 0);
  EXPECT_EQ(logprobs["top_logprobs"][2].size(), 2u);
  EXPECT_EQ(scored["choices"][1]["logprobs"]["tokens"], Json::array({"a"}));
  EXPECT_EQ(scored["usage"]["completion_tokens"], 0);
  Json one_more = complete(fields + "1").json();
  EXPECT_EQ(one_more["choices"][0]["logprobs"]["tokens"].size(), 4u);
  EXPECT_EQ(one_more["choices"][0]["text"].get<std::string>().substr(0, 3), "hi!");
  // What the model says of the next token is what it says of it as a part of a longer prompt.
  Json step = complete(R"("prompt":[104,105],"logprobs":0,"token_details":true,"temperature":0,"max_tokens":1)").json();
  const Json& chosen = step["choices"][0]["logprobs"]["content"][0];
  Json longer =
      complete("\"prompt\":[104,105," + chosen["id"].dump() + "],\"echo\":true,\"logprobs\":0,\"max_tokens\":0").json();
  ASSERT_TRUE(longer.contains("choices")) << longer;
  EXPECT_NEAR(longer["choices"][0]["logprobs"]["token_logprobs"][2].get<double>(), chosen["logprob"].get<double>(),
              1e-4);
  TestResponse streamed = complete(fields + R"(1,"n":2,"stream":true)");
  std::vector<size_t> tokens(4);
  std::vector<std::string> texts(4);
  for (const Json& event : streamed.events()) {
    if (!event.is_object() || event["choices"].empty()) continue;
    const Json& choice = event["choices"][0];
    texts[choice["index"].get<size_t>()] += choice["text"].get<std::string>();
    if (!choice["logprobs"].is_null()) tokens[choice["index"].get<size_t>()] += choice["logprobs"]["tokens"].size();
  }
  EXPECT_EQ(tokens, (std::vector<size_t>{4, 4, 2, 2}));
  EXPECT_EQ(texts[1].substr(0, 3), "hi!");
}

TEST_F(ServerTest, HugeObjectsAreRefusedAtOnce) {
  start();
  std::string body = R"({"prompt":"a","logit_bias":{"0":1)";
  for (int i = 1; i < 50000; ++i) body += ",\"" + std::to_string(i) + "\":1";
  double begin = monotonic_seconds();
  EXPECT_EQ(post("/v1/completions", body + "}}").status, 400);
  EXPECT_LT(monotonic_seconds() - begin, 5);
  TestResponse named = post("/v1/completions", "{\"prompt\":\"a\",\"" + std::string(1 << 20, 'x') + "\":1}");
  EXPECT_EQ(named.status, 400);
  EXPECT_LT(named.body.size(), 1000u);
}

}  // namespace
}  // namespace malmoi::serve
