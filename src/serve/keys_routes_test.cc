// Keys with scopes, limits and ends, over HTTP.
#include <ctime>

#include "serve/fake_provider.h"
#include "serve/secret.h"
#include "serve/server_test.h"

namespace malmoi::serve {
namespace {

ApiKey key_of(const std::string& name, std::initializer_list<Scope> scopes, KeyLimits limits = {}) {
  ApiKey key{.name = name, .digest = sha256(name + "-secret"), .limits = limits};
  for (Scope scope : scopes) key.scopes.add(scope);
  return key;
}

std::string bearer(const std::string& name) { return "Authorization: Bearer " + name + "-secret\r\n"; }

ServerOptions with_keys(std::vector<ApiKey> keys) {
  ServerOptions options;
  options.keys = std::move(keys);
  return options;
}

constexpr const char* kTwoTokens = R"({"prompt":"ab","max_tokens":2,"ignore_eos":true})";

TEST_F(ServerTest, EachPathAsksForItsScope) {
  start(with_keys({key_of("writer", {Scope::kGenerate}), key_of("reader", {Scope::kEmbed, Scope::kTokenize}),
                   key_of("watcher", {Scope::kMetrics})}));
  EXPECT_EQ(post("/v1/completions", kTwoTokens, bearer("writer")).status, 200);
  const TestResponse refused = post("/v1/completions", kTwoTokens, bearer("reader"));
  expect_error(refused, 403, "insufficient_scope");
  EXPECT_NE(refused.body.find("'generate'"), std::string::npos);
  EXPECT_EQ(post("/tokenize", R"({"content":"a"})", bearer("reader")).status, 200);
  EXPECT_EQ(post("/tokenize", R"({"content":"a"})", bearer("writer")).status, 403);
  EXPECT_EQ(post("/v1/embeddings", R"({"input":"a"})", bearer("reader")).status, 200);
  EXPECT_EQ(post("/v1/embeddings", R"({"input":"a"})", bearer("watcher")).status, 403);
  EXPECT_EQ(post("/api/embed", R"({"input":"a"})", bearer("reader")).status, 200);
  EXPECT_EQ(post("/api/embed", R"({"input":"a"})", bearer("writer")).status, 403);
  EXPECT_EQ(post("/api/embeddings", R"({"prompt":"a"})", bearer("writer")).status, 403);
  EXPECT_EQ(get("/metrics", bearer("watcher")).status, 200);
  EXPECT_EQ(get("/metrics", bearer("writer")).status, 403);
  for (const char* any : {"writer", "reader", "watcher"}) EXPECT_EQ(get("/v1/models", bearer(any)).status, 200) << any;
  EXPECT_EQ(get("/v1/models", bearer("nobody")).status, 401);
  EXPECT_EQ(get("/health").status, 200);
  // Errors have the shape of the path's protocol.
  EXPECT_EQ(post("/v1/messages", "{}", bearer("reader")).json()["error"]["type"], "permission_error");
}

TEST_F(ServerTest, NoFormOfATargetLeadsAroundTheKey) {
  start(with_keys({key_of("writer", {Scope::kGenerate})}));
  auto status = [this](const std::string& method, const std::string& target) {
    TestClient client(server_->port());
    client.send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return client.read(method == "GET").status;
  };
  for (const char* method : {"GET", "HEAD"}) {
    for (const char* same :
         {"/metrics", "/metrics?a=b", "http://localhost/metrics", "HTTP://elsewhere/metrics?a", "/runs/x/events"})
      EXPECT_EQ(status(method, same), 401) << method << " " << same;
    for (const char* other : {"//metrics", "/metrics/", "/metrics;a", "/METRICS", "/%6detrics", "/metrics%00",
                              "/livez/../metrics", "/./metrics", "/livez%2f..%2fmetrics", "/livez;/metrics",
                              "http://localhost//metrics", "http://localhost/livez/../metrics"})
      EXPECT_EQ(status(method, other), 404) << method << " " << other;
  }
}

TEST_F(ServerTest, WhatHostingPathsAskForIsToldByTheBody) {
  start(with_keys({key_of("writer", {Scope::kGenerate}), key_of("reader", {Scope::kEmbed})}));
  EXPECT_EQ(post("/invocations", kTwoTokens, bearer("writer")).status, 200);
  expect_error(post("/invocations", kTwoTokens, bearer("reader")), 403, "insufficient_scope");
  EXPECT_EQ(post("/invocations", R"({"input":"a"})", bearer("reader")).status, 200);
  expect_error(post("/invocations", R"({"input":"a"})", bearer("writer")), 403, "insufficient_scope");
  expect_error(post("/predict", R"({"instances":[{"input":"a"},{"prompt":"a","max_tokens":1}]})", bearer("reader")),
               403, "insufficient_scope", "instances[1]");
}

TEST_F(ServerTest, AnExpiredKeyIsRefused) {
  ApiKey old = key_of("old", {Scope::kGenerate}), still = key_of("still", {Scope::kGenerate});
  old.expires = std::time(nullptr) - 1;
  still.expires = std::time(nullptr) + 3600;
  start(with_keys({old, still}));
  expect_error(get("/v1/models", bearer("old")), 401, "expired_api_key");
  EXPECT_EQ(get("/v1/models", bearer("still")).status, 200);
}

TEST_F(ServerTest, KeysMayChangeWhileItServes) {
  ServerOptions options = with_keys({key_of("first", {Scope::kGenerate})});
  options.api_keys = {"plain"};
  start(options);
  EXPECT_EQ(get("/v1/models", bearer("first")).status, 200);
  EXPECT_EQ(get("/metrics", "x-api-key: plain\r\n").status, 200) << "plain keys have all scopes";
  server_->set_keys({key_of("second", {Scope::kGenerate})});
  EXPECT_EQ(get("/v1/models", bearer("first")).status, 401);
  EXPECT_EQ(get("/v1/models", bearer("second")).status, 200);
  EXPECT_EQ(get("/v1/models", "x-api-key: plain\r\n").status, 200);
  server_->set_keys({});
  EXPECT_EQ(get("/v1/models", bearer("second")).status, 401);
}

TEST_F(ServerTest, NoKeysInAFileLetNobodyIn) {
  start(with_keys({}));
  EXPECT_EQ(get("/v1/models").status, 401);
}

TEST_F(ServerTest, RequestsBeyondTheirLimitAreToldWhenToComeAgain) {
  start(with_keys({key_of("slow", {Scope::kGenerate}, {.requests_per_minute = 2})}));
  const TestResponse first = post("/v1/completions", kTwoTokens, bearer("slow"));
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.field("x-ratelimit-limit-requests"), "2");
  EXPECT_EQ(first.field("x-ratelimit-remaining-requests"), "1");
  EXPECT_EQ(first.field("x-ratelimit-reset-requests"), "30s");
  EXPECT_EQ(first.field("x-ratelimit-limit-tokens"), "");
  // What is refused for another reason costs nothing.
  EXPECT_EQ(post("/tokenize", "{}", bearer("slow")).status, 403);
  EXPECT_EQ(get("/v1/models", bearer("slow")).status, 200);
  const TestResponse refused = post("/v1/completions", kTwoTokens, bearer("slow"));
  expect_error(refused, 429, "rate_limit_exceeded");
  EXPECT_GE(std::stoi(refused.field("Retry-After")), 25);
  EXPECT_LE(std::stoi(refused.field("Retry-After")), 30);
  EXPECT_EQ(refused.field("x-ratelimit-remaining-requests"), "0");
}

TEST_F(ServerTest, PagesOfAllowedOriginsSeeWhenToComeAgain) {
  ServerOptions options = with_keys({key_of("page", {Scope::kGenerate}, {.requests_per_minute = 1})});
  options.cors_origins = {"https://app.example"};
  start(options);
  const std::string fields = bearer("page") + "Origin: https://app.example\r\n";
  EXPECT_EQ(get("/v1/models", fields).field("Access-Control-Expose-Headers"), "*");
  const TestResponse refused = get("/v1/models", fields);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.field("Access-Control-Expose-Headers"), "*");
  EXPECT_EQ(refused.field("Access-Control-Allow-Credentials"), "") << "cookies are for our own page";
  EXPECT_EQ(get("/v1/models", bearer("page")).field("Access-Control-Expose-Headers"), "");
}

TEST_F(ServerTest, TokensAreCountedWithThoseOfThePrompt) {
  start(with_keys({key_of("few", {Scope::kGenerate, Scope::kEmbed}, {.tokens_per_minute = 60})}));
  const TestResponse first =
      post("/v1/completions", R"({"prompt":"abcde","max_tokens":15,"ignore_eos":true})", bearer("few"));
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.field("x-ratelimit-remaining-tokens"), "40");
  expect_error(post("/v1/completions", R"({"prompt":")" + std::string(61, 'a') + R"("})", bearer("few")), 400,
               "tokens_limit_exceeded");
  const TestResponse refused =
      post("/v1/completions", R"({"prompt":")" + std::string(50, 'a') + R"("})", bearer("few"));
  expect_error(refused, 429, "rate_limit_exceeded");
  EXPECT_GE(std::stoi(refused.field("Retry-After")), 8);
  EXPECT_LE(std::stoi(refused.field("Retry-After")), 10);
  // An answer may be longer than what is left; what follows waits for it.
  EXPECT_EQ(post("/v1/completions", R"({"prompt":"a","max_tokens":99,"ignore_eos":true})", bearer("few")).status, 200);
  EXPECT_EQ(get("/v1/models", bearer("few")).status, 429);
}

TEST_F(ServerTest, TextsThatAreEmbeddedCountToo) {
  start(with_keys({key_of("few", {Scope::kEmbed}, {.tokens_per_minute = 60})}));
  const TestResponse first = post("/v1/embeddings", R"({"input":["abc","de"]})", bearer("few"));
  ASSERT_EQ(first.status, 200) << first.body;
  const int64_t used = first.json()["usage"]["total_tokens"].get<int64_t>();
  EXPECT_EQ(first.field("x-ratelimit-remaining-tokens"), std::to_string(60 - used));
}

TEST_F(ServerTest, TextsThatAreEmbeddedByOllamasPathsCountToo) {
  start(with_keys({key_of("new", {Scope::kEmbed}, {.tokens_per_minute = 60}),
                   key_of("old", {Scope::kEmbed}, {.tokens_per_minute = 60})}));
  auto expect_counted = [](const TestResponse& response) {
    ASSERT_EQ(response.status, 200) << response.body;
    const int64_t used = response.json()["prompt_eval_count"].get<int64_t>();
    EXPECT_GT(used, 0);
    EXPECT_EQ(response.field("x-ratelimit-remaining-tokens"), std::to_string(60 - used));
  };
  expect_counted(post("/api/embed", R"({"input":["abc","de"]})", bearer("new")));
  expect_counted(post("/api/embeddings", R"({"prompt":"abcde"})", bearer("old")));
}

class LimitedTest : public ::testing::Test {
 protected:
  void start(ServerOptions options) {
    options.port = 0;
    auto server = Server::start(options);
    ASSERT_TRUE(server.ok()) << server.error().to_string();
    server_ = *std::move(server);
    chat::TokenEvent token, last;
    token.id = 1;
    token.text = "a";
    last.finish = chat::FinishReason::kStop;
    last.prompt_tokens = 3;
    provider_.script = {token, last};
    provider_.hold = true;
    server_->serve(provider_);
  }
  void TearDown() override {
    provider_.hold = false;
    server_.reset();
  }
  // One whose answer does not end.
  std::unique_ptr<TestClient> hold(const std::string& name) {
    auto client = std::make_unique<TestClient>(server_->port());
    client->send(post_text("/v1/completions", R"({"prompt":"a","stream":true})", bearer(name)));
    EXPECT_TRUE(client->read_until("\r\n\r\n"));
    return client;
  }
  TestResponse ask(const std::string& name) {
    TestClient client(server_->port());
    client.send(post_text("/v1/completions", R"({"prompt":"a","stream":true})", bearer(name)));
    TestResponse response;
    if (client.read_until("\r\n\r\n")) response = client.read(false);
    return response;
  }

  FakeProvider provider_;
  std::unique_ptr<Server> server_;
};

TEST_F(LimitedTest, OneKeyHasSoManyRequestsAtOnce) {
  start(with_keys({key_of("one", {Scope::kGenerate}, {.concurrency = 1}), key_of("other", {Scope::kGenerate})}));
  auto held = hold("one");
  const TestResponse refused = ask("one");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.field("Retry-After"), "1");
  EXPECT_EQ(ask("other").status, 200);
  held->close();
  for (double end = monotonic_seconds() + 20; provider_.stats().running > 0 && monotonic_seconds() < end;)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_EQ(ask("one").status, 200);
}

TEST_F(LimitedTest, ClientsAreToldApartByTheirKeys) {
  start(with_keys({key_of("one", {Scope::kGenerate}), key_of("other", {Scope::kGenerate})}));
  auto first = hold("one"), second = hold("one"), third = hold("other");
  const std::vector<chat::GenerationRequest> asked = provider_.asked();
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked[0].client, asked[1].client);
  EXPECT_NE(asked[0].client, asked[2].client);
  EXPECT_NE(asked[0].client, 0u);
}

TEST_F(LimitedTest, AQueueThatOneClientHasFilledIsOpenToAnother) {
  ServerOptions options = with_keys({key_of("many", {Scope::kGenerate}), key_of("few", {Scope::kGenerate})});
  options.max_requests = 4;
  start(options);
  std::vector<std::unique_ptr<TestClient>> held;
  for (int i = 0; i < 4; ++i) held.push_back(hold("many"));
  EXPECT_EQ(ask("many").status, 429);
  held.push_back(hold("few"));
  held.push_back(hold("few"));
  EXPECT_EQ(ask("few").status, 429) << "its share of four places is two";
  EXPECT_EQ(ask("many").status, 429);
  EXPECT_EQ(provider_.asked().size(), 6u);
}

TEST_F(LimitedTest, WithoutKeysAnAddressIsAClient) {
  start({});
  auto first = hold("nobody"), second = hold("nobody");
  const std::vector<chat::GenerationRequest> asked = provider_.asked();
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[0].client, asked[1].client);
  EXPECT_NE(asked[0].client, 0u);
}

}  // namespace
}  // namespace malmoi::serve
