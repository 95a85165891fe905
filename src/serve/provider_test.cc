// The server over a provider without engine and tokenizer: what is asked of it, and what becomes of what it tells.
#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "serve/fake_provider.h"
#include "serve/server.h"
#include "serve/test_client.h"

namespace malmoi::serve {
namespace {

chat::TokenEvent event(std::string text) {
  chat::TokenEvent e;
  e.id = 1;
  e.bytes = text;
  e.logprob = -0.5;
  e.text = std::move(text);
  return e;
}

chat::TokenEvent last(chat::FinishReason finish, std::string error = "") {
  chat::TokenEvent e;
  e.finish = finish;
  e.error = std::move(error);
  e.prompt_tokens = 7;
  return e;
}

class ProviderTest : public ::testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    options.port = 0;
    options.warn = [this](const std::string& line) {
      std::lock_guard lock(mutex_);
      warnings_.push_back(line);
    };
    auto server = Server::start(options);
    ASSERT_TRUE(server.ok()) << server.error().to_string();
    server_ = *std::move(server);
    server_->serve(provider_);
  }
  TestResponse post(const std::string& path, const std::string& body) {
    TestClient client(server_->port());
    client.send(post_text(path, body));
    return client.read();
  }

  std::mutex mutex_;
  std::vector<std::string> warnings_;  // guarded by mutex_
  FakeProvider provider_;
  std::unique_ptr<Server> server_;
};

TEST_F(ProviderTest, RequestsNameOneOfItsModels) {
  provider_.script = {event("a"), last(chat::FinishReason::kStop)};
  provider_.beside = {"letters"};
  start();
  TestClient client(server_->port());
  client.send(get_text("/v1/models"));
  const Json listed = client.read().json();
  ASSERT_EQ(listed["data"].size(), 2u);
  EXPECT_EQ(listed["data"][1]["id"], "letters");
  client.send(get_text("/v1/models/letters"));
  EXPECT_EQ(client.read().json()["id"], "letters");
  EXPECT_EQ(post("/v1/completions", R"({"prompt":"a","model":"letters"})").json()["model"], "letters");
  EXPECT_EQ(post("/v1/completions", R"({"prompt":"a"})").json()["model"], "fake");
  const std::vector<chat::GenerationRequest> asked = provider_.asked();
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[0].model, "letters");
  EXPECT_EQ(asked[1].model, "");
  const TestResponse refused = post("/v1/completions", R"({"prompt":"a","model":"other"})");
  EXPECT_EQ(refused.status, 404);
  EXPECT_NE(refused.body.find("'fake', 'letters'"), std::string::npos);
}

TEST_F(ProviderTest, MessagesReachItAsTheyAreAndItsEventsBecomeAnAnswer) {
  provider_.script = {event("안녕"), event("!"), last(chat::FinishReason::kStop)};
  start();
  Json json = post("/v1/chat/completions",
                   R"({"messages":[{"role":"system","content":"짧게"},{"role":"user","content":"네"}],"seed":3,
                       "stop":["끝"],"logprobs":true})")
                  .json();
  ASSERT_TRUE(json.contains("choices")) << json;
  const Json& choice = json["choices"][0];
  EXPECT_EQ(choice["message"]["content"], "안녕!");
  EXPECT_EQ(choice["finish_reason"], "stop");
  EXPECT_EQ(choice["logprobs"]["content"][0]["token"], "안녕");
  EXPECT_EQ(json["usage"]["prompt_tokens"], 7);
  EXPECT_EQ(json["usage"]["completion_tokens"], 2);
  chat::GenerationRequest asked = provider_.asked().at(0);
  const auto& messages = std::get<std::vector<chat::Message>>(asked.prompt);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].role, "system");
  EXPECT_EQ(messages[1].content, "네");
  EXPECT_EQ(asked.sampling.seed, 3u);
  EXPECT_EQ(asked.stop, std::vector<std::string>{"끝"});
  EXPECT_TRUE(asked.logprobs);
  EXPECT_FALSE(asked.max_tokens.has_value());
}

TEST_F(ProviderTest, EachPromptIsARequestAndCountedOnce) {
  provider_.script = {event("a"), last(chat::FinishReason::kLength)};
  start();
  Json json = post("/v1/completions", R"({"prompt":["x","y"],"max_tokens":1,"echo":true})").json();
  ASSERT_EQ(json["choices"].size(), 2u) << json;
  EXPECT_EQ(json["choices"][1]["text"], "ya");
  EXPECT_EQ(json["usage"]["prompt_tokens"], 14);
  ASSERT_EQ(provider_.asked().size(), 2u);
  EXPECT_EQ(std::get<std::string>(provider_.asked()[0].prompt), "x");
}

TEST_F(ProviderTest, AFailureIsAStatusBeforeTheFirstEventAndAnEventAfterIt) {
  provider_.script = {last(chat::FinishReason::kError, "out of paper")};
  start();
  TestResponse whole = post("/v1/completions", R"({"prompt":"x","stream":true})");
  EXPECT_EQ(whole.status, 500);
  EXPECT_EQ(whole.json()["error"]["message"], "out of paper");
}

TEST_F(ProviderTest, AFailureWithinAStreamEndsIt) {
  provider_.script = {event("a"), last(chat::FinishReason::kError, "out of paper")};
  provider_.hold = true;
  start();
  TestClient client(server_->port());
  client.send(post_text("/v1/completions", R"({"prompt":"x","stream":true})"));
  ASSERT_TRUE(client.read_until("data: "));
  provider_.hold = false;
  std::vector<Json> events = client.read().events();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back()["error"]["message"], "out of paper");
}

TEST_F(ProviderTest, WhatItRefusesBeforehandIsSaidAndNothingRuns) {
  provider_.refusal = unsupported("no such prompt", "prompt", "write another");
  start();
  TestResponse refused = post("/v1/completions", R"({"prompt":"x"})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.json()["error"]["param"], "prompt");
  EXPECT_TRUE(provider_.asked().empty());
}

TEST_F(ProviderTest, WithoutATokenizerItsRoutesSaySo) {
  start();
  EXPECT_EQ(post("/tokenize", R"({"content":"a"})").status, 400);
  EXPECT_EQ(post("/detokenize", R"({"tokens":[1]})").status, 400);
}

TEST_F(ProviderTest, AClientThatGoesAwayRequestsTheStop) {
  provider_.script = {event("a"), last(chat::FinishReason::kStop)};
  provider_.hold = true;
  start();
  TestClient client(server_->port());
  client.send(post_text("/v1/completions", R"({"prompt":"x","stream":true})"));
  ASSERT_TRUE(client.read_until("data: "));
  EXPECT_EQ(provider_.stats().running, 1);
  client.close();
  EXPECT_TRUE(provider_.idle());
  EXPECT_TRUE(provider_.asked().at(0).cancel.requested());
}

TEST_F(ProviderTest, AClientThatReadsTooSlowlyIsToldAndItsConnectionEnds) {
  for (int i = 0; i < 40000; ++i) provider_.script.push_back(event(std::string(1000, 'x')));
  provider_.script.push_back(last(chat::FinishReason::kStop));
  start();
  TestClient client(server_->port(), 4096);
  client.send(post_text("/v1/completions", R"({"prompt":"x","stream":true})"));
  EXPECT_TRUE(provider_.idle());
  TestResponse response = client.read();
  Json error = response.status == 200 ? response.events().back()["error"] : response.json()["error"];
  EXPECT_EQ(error["code"], "read_too_slowly");
  EXPECT_TRUE(client.at_end());
}

TEST_F(ProviderTest, AnExceptionOnTheWayOutEndsTheWorkAndIsTold) {
  provider_.script = {event("a"), last(chat::FinishReason::kStop)};
  provider_.hold = true;
  provider_.throws_while_running = true;
  start();
  TestResponse response = post("/v1/completions", R"({"prompt":"x"})");
  EXPECT_EQ(response.status, 500);
  EXPECT_TRUE(provider_.idle());
  EXPECT_TRUE(provider_.asked().at(0).cancel.requested());
  std::lock_guard lock(mutex_);
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_NE(warnings_[0].find("no paper"), std::string::npos);
}

// A step of a large model goes on for long: clients are told in time all the same.
TEST_F(ProviderTest, StoppingDoesNotWaitForAStepToTellItsClients) {
  provider_.script = {event("a"), last(chat::FinishReason::kStop)};
  provider_.hold = true;
  provider_.deaf = true;
  start();
  TestClient streamed(server_->port()), whole(server_->port());
  streamed.send(post_text("/v1/completions", R"({"prompt":"x","stream":true})"));
  ASSERT_TRUE(streamed.read_until("data: "));
  whole.send(post_text("/v1/completions", R"({"prompt":"x"})"));
  while (provider_.stats().running < 2) std::this_thread::yield();
  double begin = monotonic_seconds();
  std::thread stopping([&] { server_->stop(0.1); });
  EXPECT_EQ(streamed.read().events().back()["error"]["code"], "unavailable");
  EXPECT_EQ(whole.read().json()["error"]["code"], "unavailable");
  EXPECT_LT(monotonic_seconds() - begin, 5);
  provider_.deaf = false;
  stopping.join();
}

}  // namespace
}  // namespace malmoi::serve
