// Memory of large bodies: how much there is, who has it, and when it is free again.
#include "serve/body_budget.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "serve/request_context.h"
#include "serve/scripted_server.h"
#include "serve/server_test.h"
#include "serve/shared.h"

namespace malmoi::serve {
namespace {

constexpr int64_t kMebibyte = 1 << 20;

// Large bodies of the default options that are read at once.
constexpr int kLargestBodies = 8;

TEST(BodyBudget, IsAFewOfTheLargestBodies) {
  EXPECT_EQ(body_budget({.max_body_bytes = 4096}), 64 * kMebibyte);
  EXPECT_EQ(body_budget({}), 64 * kMebibyte);
  EXPECT_EQ(body_budget({.max_body_bytes = 100 * kMebibyte}), 400 * kMebibyte);
}

// Requests of one client each.
class BodyBudgetTest : public ::testing::Test {
 protected:
  RequestContext& request_of(uint64_t client) {
    requests_.push_back(std::make_unique<RequestContext>(asio::ip::address()));
    requests_.back()->caller.client = client;
    return *requests_.back();
  }
  bool holds(RequestContext& request, size_t bytes) { return !hold_body(shared_, request, bytes); }

  Shared shared_{ServerOptions()};
  std::vector<std::unique_ptr<RequestContext>> requests_;
};

TEST_F(BodyBudgetTest, SmallBodiesAlwaysFit) {
  ASSERT_TRUE(holds(request_of(1), 64 * kMebibyte));
  EXPECT_TRUE(holds(request_of(1), kSmallBody));
  EXPECT_EQ(shared_.body_bytes.total(), 64 * kMebibyte) << "and are not counted";
  const auto refused = hold_body(shared_, request_of(1), kSmallBody + 1);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 429);
  EXPECT_EQ(refused->code, "server_busy");
}

TEST_F(BodyBudgetTest, ABodyThatGrowsIsCountedOnceAndGivenBack) {
  RequestContext& request = request_of(1);
  EXPECT_TRUE(holds(request, 1 * kMebibyte));
  EXPECT_TRUE(holds(request, 3 * kMebibyte));
  EXPECT_TRUE(holds(request, 2 * kMebibyte));
  EXPECT_EQ(shared_.body_bytes.total(), 3 * kMebibyte);
  EXPECT_FALSE(holds(request, 65 * kMebibyte));
  EXPECT_EQ(shared_.body_bytes.total(), 3 * kMebibyte);
  request.body_bytes.reset();
  EXPECT_EQ(shared_.body_bytes.total(), 0);
  EXPECT_TRUE(holds(request, 2 * kMebibyte));
  requests_.clear();
  EXPECT_EQ(shared_.body_bytes.total(), 0);
}

TEST_F(BodyBudgetTest, ClientsHaveTheirShares) {
  ASSERT_TRUE(holds(request_of(1), 64 * kMebibyte));
  EXPECT_TRUE(holds(request_of(2), 32 * kMebibyte));
  EXPECT_FALSE(holds(request_of(2), kMebibyte));
  EXPECT_FALSE(holds(request_of(1), kMebibyte));
  EXPECT_TRUE(holds(request_of(3), 16 * kMebibyte));
}

std::string bearer_of(const std::string& key) { return "Authorization: Bearer " + key + "\r\n"; }

// The header of a request for tokens whose body shall have so many bytes, and waits until the server wants it.
std::string announced(size_t bytes, const std::string& key) {
  return "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(bytes) + "\r\nExpect: 100-continue\r\n" + bearer_of(key) + "\r\n";
}

// As much JSON as that.
std::string padded(size_t bytes) {
  const std::string json = R"({"content":"a"})";
  return json + std::string(bytes - json.size(), ' ');
}

std::string in_chunks(const std::string& body, const std::string& key) {
  std::string text = "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
                     bearer_of(key) + "Transfer-Encoding: chunked\r\n\r\n";
  for (size_t at = 0; at < body.size(); at += 4096) {
    const size_t size = std::min<size_t>(4096, body.size() - at);
    text += fmt::format("{:x}\r\n{}\r\n", size, body.substr(at, size));
  }
  return text + "0\r\n\r\n";
}

class BodiesTest : public ServerTest {
 protected:
  void start_for_two(ServerOptions options = {}) {
    options.api_keys = {"many", "few"};
    start(options);
  }
  // Clients of `many` whose bodies have all the memory, of which a part has come.
  std::vector<std::unique_ptr<TestClient>> hold_all() {
    std::vector<std::unique_ptr<TestClient>> held;
    for (int i = 0; i < kLargestBodies; ++i) {
      held.push_back(std::make_unique<TestClient>(server_->port()));
      held.back()->send(announced(8 * kMebibyte, "many"));
      EXPECT_EQ(held.back()->read().status, 100);
      held.back()->send("{");
    }
    return held;
  }
  TestResponse announce(size_t bytes, const std::string& key) { return send(announced(bytes, key)); }
  TestResponse tokenize(size_t bytes, const std::string& key) {
    return post("/tokenize", padded(bytes), bearer_of(key));
  }
  // Whether as much comes to be free within a time that only a failure reaches.
  bool becomes_free(size_t bytes, const std::string& key) {
    for (double end = monotonic_seconds() + 20; monotonic_seconds() < end;) {
      if (announce(bytes, key).status == 100) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
  }
};

TEST_F(BodiesTest, ALargeBodyThatDoesNotFitIsRefusedBeforeItComes) {
  start_for_two();
  auto held = hold_all();
  const TestResponse refused = announce(kSmallBody + 1, "many");
  expect_error(refused, 429, "server_busy");
  EXPECT_EQ(refused.field("Retry-After"), "1");
  EXPECT_EQ(refused.field("Connection"), "close");
  EXPECT_EQ(announce(9 * kMebibyte, "many").status, 413) << "which never fits";
  EXPECT_EQ(tokenize(kSmallBody, "many").status, 200) << "small ones fit";
  EXPECT_EQ(tokenize(kMebibyte, "few").status, 200) << "another client has its share";
  EXPECT_EQ(get("/health").status, 200);
}

TEST_F(BodiesTest, ChunksAreCountedAsTheyCome) {
  start_for_two();
  auto held = hold_all();
  EXPECT_EQ(send(in_chunks(padded(kSmallBody), "many")).status, 200);
  expect_error(send(in_chunks(padded(kMebibyte), "many")), 429, "server_busy");
  EXPECT_EQ(send(in_chunks(padded(kMebibyte), "few")).status, 200);
}

TEST_F(BodiesTest, AClientThatLeavesGivesItsMemoryBack) {
  start_for_two();
  auto held = hold_all();
  ASSERT_EQ(announce(kMebibyte, "many").status, 429);
  held.pop_back();
  EXPECT_TRUE(becomes_free(8 * kMebibyte, "many"));
}

TEST_F(BodiesTest, SlowBodiesGiveTheirMemoryBack) {
  start_for_two({.body_seconds = 0.5});
  for (const auto& client : hold_all()) EXPECT_TRUE(client->at_end());
  EXPECT_TRUE(becomes_free(8 * kMebibyte, "many"));
}

TEST_F(BodiesTest, ARequestThatIsAnsweredGivesItsMemoryBack) {
  start_for_two();
  TestClient client(server_->port());
  for (int i = 0; i <= kLargestBodies; ++i) {
    client.send(post_text("/tokenize", padded(8 * kMebibyte), bearer_of("many")));
    ASSERT_EQ(client.read().status, 200) << i;
  }
  auto held = hold_all();
  EXPECT_EQ(announce(kMebibyte, "many").status, 429);
}

// What a key's limit refuses is not read, and so needs no memory.
TEST_F(BodiesTest, WhatALimitRefusesHoldsNothing) {
  ServerOptions options;
  options.keys.emplace();
  ApiKey key = plain_key("once");
  key.limits.requests_per_minute = 1;
  options.keys->push_back(key);
  start_for_two(options);
  EXPECT_EQ(tokenize(kMebibyte, "once").status, 200);
  std::vector<std::unique_ptr<TestClient>> refused;  // none of which leaves
  for (int i = 0; i < 2 * kLargestBodies; ++i) {
    refused.push_back(std::make_unique<TestClient>(server_->port()));
    refused.back()->send(announced(8 * kMebibyte, "once"));
    expect_error(refused.back()->read(), 429, "rate_limit_exceeded");
  }
}

class LongAnswers : public ScriptedServer {};

// An answer that takes long keeps no body: what it asks for has been read.
TEST_F(LongAnswers, ABodyIsGoneOnceItIsRead) {
  start({said("a"), ended()});
  provider_->hold = true;
  TestClient answered(server_->port());
  answered.send(post_text("/v1/completions", R"({"prompt":"a","stream":true})" + std::string(kMebibyte, ' ')));
  ASSERT_TRUE(answered.read_until("data: "));
  std::vector<std::unique_ptr<TestClient>> others;
  for (int i = 0; i < kLargestBodies; ++i) {
    others.push_back(std::make_unique<TestClient>(server_->port()));
    others.back()->send(announced(8 * kMebibyte, "nobody"));
    EXPECT_EQ(others.back()->read().status, 100) << i;
  }
  provider_->hold = false;
  EXPECT_EQ(answered.read().status, 200);
}

}  // namespace
}  // namespace malmoi::serve
