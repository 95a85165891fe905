// Connections from outside: kept, slow, silent, half closed or gone ones, a full server, and one that stops.
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "serve/server_test.h"

namespace malmoi::serve {
namespace {

// A request for an answer that takes longer than any test waits.
std::string endless(const std::string& stream) {
  return post_text("/v1/completions", R"({"prompt":"a","max_tokens":90000,"ignore_eos":true,"stream":)" + stream + "}");
}

TEST_F(ServerTest, ConnectionsAreKeptAndRequestsMayComeEarly) {
  start();
  TestClient client(server_->port());
  client.send(post_text("/v1/completions", R"({"prompt":"a","max_tokens":40,"stream":true,"ignore_eos":true})") +
              get_text("/health") + get_text("/livez"));
  EXPECT_EQ(client.read().events().back(), "[DONE]");
  EXPECT_EQ(client.read().status, 200);
  EXPECT_EQ(client.read().status, 200);
  client.send(get_text("/health", "Connection: close\r\n"));
  EXPECT_EQ(client.read().status, 200);
  EXPECT_TRUE(client.at_end());
  TestClient expecting(server_->port());
  expecting.send(
      "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 15\r\nExpect: "
      "100-continue\r\n\r\n");
  EXPECT_EQ(expecting.read().status, 100);
  expecting.send(R"({"content":"a"})");
  EXPECT_EQ(expecting.read().json()["tokens"], Json::array({97}));
  TestClient old(server_->port());
  std::string body = R"({"prompt":"a","max_tokens":5,"stream":true,"ignore_eos":true})";
  old.send("POST /v1/completions HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_EQ(old.read().events().back(), "[DONE]");
}

TEST_F(ServerTest, SlowRequestsAreCutOff) {
  start({.header_seconds = 0.2, .body_seconds = 0.2, .idle_seconds = 0.2});
  TestClient header(server_->port());
  header.send("GET /health HT");
  EXPECT_TRUE(header.at_end());
  TestClient body(server_->port());
  body.send(
      "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
  EXPECT_TRUE(body.at_end());
  TestClient silent(server_->port());
  silent.send(get_text("/health"));
  EXPECT_EQ(silent.read().status, 200);
  EXPECT_TRUE(silent.at_end());
}

TEST_F(ServerTest, ALaterRequestHasNoMoreTimeThanTheFirst) {
  start({.header_seconds = 0.3, .idle_seconds = 20});
  TestClient client(server_->port());
  client.send(get_text("/health"));
  EXPECT_EQ(client.read().status, 200);
  client.send("GET /health HT");
  double begin = monotonic_seconds();
  EXPECT_TRUE(client.at_end());
  EXPECT_LT(monotonic_seconds() - begin, 10);
}

// Callers who say nothing, or a header byte by byte, give way to those who come.
TEST_F(ServerTest, SilentConnectionsDoNotKeepOthersOut) {
  start({.max_connections = 3});
  std::vector<std::unique_ptr<TestClient>> silent;
  for (int i = 0; i < 3; ++i) {
    silent.push_back(std::make_unique<TestClient>(server_->port()));
    silent.back()->send("GET /health HT");
  }
  EXPECT_EQ(get("/health").status, 200);
  EXPECT_TRUE(silent[0]->at_end());
  silent[2]->send("TP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(silent[2]->read().status, 200);
}

// A body that never comes holds no place, either.
TEST_F(ServerTest, BodiesThatDoNotComeDoNotKeepOthersOut) {
  start({.max_connections = 3});
  std::string late = post_text("/v1/completions", R"({"prompt":"a","max_tokens":1})");
  std::vector<std::unique_ptr<TestClient>> slow;
  for (int i = 0; i < 3; ++i) {
    slow.push_back(std::make_unique<TestClient>(server_->port()));
    slow.back()->send(late.substr(0, late.size() - 1));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // until their headers are read
  EXPECT_EQ(get("/health").status, 200);
  EXPECT_TRUE(slow[0]->at_end());
  slow[2]->send(late.substr(late.size() - 1));
  EXPECT_EQ(slow[2]->read().status, 200);
}

// Nor does an answer that nobody reads, such as the page, for which no key is asked.
TEST_F(ServerTest, ClientsThatReadNothingDoNotKeepOthersOut) {
  start({.max_connections = 3, .send_buffer_bytes = 4096});
  std::vector<std::unique_ptr<TestClient>> slow;
  for (int i = 0; i < 3; ++i) {
    slow.push_back(std::make_unique<TestClient>(server_->port(), 4096));
    slow.back()->send(get_text("/page.js"));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));  // until they are slow
  EXPECT_EQ(get("/health").status, 200);
}

TEST_F(ServerTest, AFullServerSaysSo) {
  start({.max_requests = 2});
  TestClient a(server_->port()), b(server_->port());
  for (TestClient* client : {&a, &b}) {
    client->send(endless("true"));
    ASSERT_TRUE(client->read_until("data: "));
  }
  TestResponse refused = complete(R"("prompt":"a")");
  expect_error(refused, 429, "server_busy");
  EXPECT_EQ(refused.field("Retry-After"), "1");
  EXPECT_EQ(get("/health").status, 200);
  a.close();
  b.close();
  EXPECT_TRUE(idle());
  EXPECT_EQ(complete(R"("prompt":"a")").status, 200);
}

TEST_F(ServerTest, AClientThatDoesNotReadLosesItsAnswer) {
  start({.write_seconds = 0.3});
  TestClient client(server_->port(), 4096);
  client.send(post_text(
      "/v1/completions",
      R"({"prompt":"a","max_tokens":50000,"ignore_eos":true,"stream":true,"logprobs":100,"token_details":true})"));
  ASSERT_TRUE(client.read_until("data: "));
  EXPECT_TRUE(idle());
  EXPECT_LT(engine_->stats().generated_tokens, 50000);
}

TEST_F(ServerTest, AClientThatGoesAwayEndsItsWork) {
  start();
  for (const char* stream : {"true", "false"}) {
    int64_t before = engine_->stats().generated_tokens;
    TestClient client(server_->port());
    client.send(endless(stream));
    if (std::string(stream) == "true") {
      ASSERT_TRUE(client.read_until("data: "));
    }
    while (engine_->stats().running == 0) std::this_thread::yield();
    client.close();
    EXPECT_TRUE(idle()) << stream;
    EXPECT_LT(engine_->stats().generated_tokens - before, 90000);
  }
}

// One early byte, or a whole early request, must not hide that the client has gone.
TEST_F(ServerTest, AClientThatLeavesIsSeenWithinASecondWhateverItSent) {
  start();
  for (const char* early : {"", "G", "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"}) {
    for (const char* stream : {"true", "false"}) {
      TestClient client(server_->port());
      client.send(endless(stream) + early);
      while (engine_->stats().running == 0) std::this_thread::yield();
      client.close();
      EXPECT_TRUE(idle(2)) << stream << " " << early;  // half a second, and room for a busy machine
      EXPECT_TRUE(idle());
    }
  }
}

TEST_F(ServerTest, AClientThatOnlyStopsSendingGetsItsAnswer) {
  start();
  std::string body = R"({"prompt":"a","max_tokens":)" + kLastingTokens + R"(,"ignore_eos":true,"stream":)";
  for (const char* stream : {"true", "false"}) {
    TestClient client(server_->port());
    client.send(post_text("/v1/completions", body + stream + "}"));
    client.half_close();
    TestResponse response = client.read();
    EXPECT_EQ(response.status, 200) << stream;
    if (std::string(stream) == "true") EXPECT_EQ(response.events().back(), "[DONE]");
    else EXPECT_EQ(response.json()["usage"]["completion_tokens"], std::stoi(kLastingTokens));
    EXPECT_TRUE(client.at_end());
  }
  TestClient old(server_->port());
  std::string text = R"({"prompt":"a","max_tokens":)" + kLastingTokens + R"(,"ignore_eos":true})";
  old.send("POST /v1/completions HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(text.size()) + "\r\n\r\n" + text);
  old.half_close();
  EXPECT_EQ(old.read().json()["usage"]["completion_tokens"], std::stoi(kLastingTokens));
}

TEST_F(ServerTest, StoppingLetsAnswersFinish) {
  start();
  TestClient client(server_->port()), quiet(server_->port());
  quiet.send(get_text("/health"));
  ASSERT_EQ(quiet.read().status, 200);
  client.send(post_text("/v1/completions", R"({"prompt":"a","max_tokens":300,"ignore_eos":true,"stream":true})"));
  ASSERT_TRUE(client.read_until("data: "));
  uint16_t port = server_->port();
  std::thread stopping([&] { server_->stop(60); });
  TestResponse response = client.read();
  EXPECT_EQ(response.events().back(), "[DONE]");
  EXPECT_TRUE(client.at_end());  // the connection is not kept
  EXPECT_TRUE(quiet.at_end());
  stopping.join();
  EXPECT_FALSE(TestClient(port).connected());
}

TEST_F(ServerTest, StoppingWithoutTimeEndsAnswers) {
  start();
  TestClient streamed(server_->port()), whole(server_->port());
  streamed.send(endless("true"));
  ASSERT_TRUE(streamed.read_until("data: "));
  whole.send(endless("false"));
  while (engine_->stats().running < 2) std::this_thread::yield();
  double begin = monotonic_seconds();
  server_->stop(0.05);
  EXPECT_LT(monotonic_seconds() - begin, 10);
  std::vector<Json> events = streamed.read().events();
  EXPECT_EQ(events.back()["error"]["code"], "unavailable");
  expect_error(whole.read(), 503, "unavailable");
}

}  // namespace
}  // namespace malmoi::serve
