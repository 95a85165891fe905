// Calls that write no text, over HTTP: their places, their clients' turns, and clients that go away.
#include "serve/turn.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "base/log.h"
#include "serve/scripted_server.h"
#include "serve/server_test.h"

namespace malmoi::serve {
namespace {

// Embeds nothing before it may, and keeps the first text of each request in the order in which they were begun.
class WaitingProvider : public FakeProvider {
 public:
  Result<chat::Embeddings> embed(const chat::EmbeddingRequest& request) const override {
    {
      std::lock_guard lock(texts_mutex_);
      texts_.push_back(std::get<std::string>(request.inputs.at(0).text));
    }
    while (waits) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (throws) throw std::runtime_error("no ink");
    return chat::Embeddings{.vectors = std::vector<std::vector<float>>(request.inputs.size(), {1.f}), .tokens = 1};
  }
  // Called for each request that asks for the model, just before it gets its place.
  void hold(const std::string& model, chat::HeldSink done, StopToken cancel) override {
    chat::Provider::hold(model, std::move(done), std::move(cancel));
    ++requests;
  }
  std::vector<std::string> texts() const {
    std::lock_guard lock(texts_mutex_);
    return texts_;
  }

  std::atomic<bool> waits{true}, throws{false};
  std::atomic<int64_t> requests{0};

 private:
  mutable std::mutex texts_mutex_;
  mutable std::vector<std::string> texts_;  // guarded by texts_mutex_
};

constexpr const char* kManyKey = "Authorization: Bearer many\r\n";
constexpr const char* kFewKey = "Authorization: Bearer few\r\n";

class TurnTest : public ::testing::Test {
 protected:
  using Client = std::unique_ptr<TestClient>;

  void start(int64_t most, ServerOptions options = {}) {
    options.port = 0;
    options.api_keys = {"many", "few"};
    options.max_requests = most;
    options.warn = [](const std::string&) {};
    auto server = Server::start(options);
    ASSERT_TRUE(server.ok()) << server.error().to_string();
    server_ = *std::move(server);
    provider_.script = {said("a"), ended()};
    server_->serve(provider_);
  }
  void TearDown() override {
    provider_.deaf = false;
    provider_.waits = false;
    server_.reset();
  }

  TestResponse post(const std::string& path, const std::string& body, const char* key) {
    TestClient client(server_->port());
    client.send(post_text(path, body, key));
    return client.read();
  }
  // Clients that have sent a request for a vector each, which have their places.
  std::vector<Client> embed(int64_t count, const std::string& text, const char* key) {
    EXPECT_TRUE(provider_.idle());
    const int64_t wanted = provider_.requests + count;
    std::vector<Client> clients;
    for (int64_t i = 0; i < count; ++i) {
      clients.push_back(std::make_unique<TestClient>(server_->port()));
      clients.back()->send(post_text("/v1/embeddings", R"({"input":")" + text + "\"}", key));
    }
    EXPECT_TRUE(comes([&] { return provider_.requests == wanted; }));
    // What the server's thread began with the last of them has ended when it answers another one.
    TestClient other(server_->port());
    other.send(get_text("/livez"));
    EXPECT_EQ(other.read().status, 200);
    return clients;
  }
  template <typename Condition>
  static bool comes(const Condition& condition) {
    for (double end = monotonic_seconds() + 20; monotonic_seconds() < end;) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
  }
  int ask_for_text(const char* key) { return post("/v1/completions", R"({"prompt":"a"})", key).status; }
  // Whether there comes to be a place for text.
  bool comes_to_have_room(const char* key) {
    return comes([&] { return provider_.idle() && ask_for_text(key) == 200; });
  }
  bool begins(const std::vector<std::string>& texts) {
    return comes([&] { return provider_.texts() == texts; });
  }

  WaitingProvider provider_;
  std::unique_ptr<Server> server_;
};

TEST_F(TurnTest, CallsWithoutTextTakePlacesAmongTheAnswers) {
  start(2);
  const std::vector<Client> held = embed(2, "a", kManyKey);
  const TestResponse refused = post("/v1/embeddings", R"({"input":"b"})", kManyKey);
  expect_error(refused, 429, "server_busy");
  EXPECT_EQ(refused.field("Retry-After"), "1");
  const std::vector<std::pair<std::string, std::string>> calls = {{"/v1/rerank", R"({"query":"a","documents":["b"]})"},
                                                                  {"/explore/attention", R"({"text":"a"})"},
                                                                  {"/explore/fill", R"({"text":"a"})"},
                                                                  {"/explore/classify", R"({"text":"a"})"},
                                                                  {"/api/embed", R"({"input":"a"})"},
                                                                  {"/api/embeddings", R"({"prompt":"a"})"},
                                                                  {"/invocations", R"({"input":"a"})"},
                                                                  {"/predict", R"({"instances":[{"input":"a"}]})"}};
  for (const auto& [path, body] : calls) EXPECT_EQ(post(path, body, kManyKey).status, 429) << path;
  EXPECT_EQ(ask_for_text(kManyKey), 429);
  EXPECT_EQ(post("/detokenize", R"({"tokens":[1]})", kManyKey).status, 400) << "takes no place: it has no tokenizer";
  EXPECT_EQ(ask_for_text(kFewKey), 200) << "its share is one place";
  provider_.waits = false;
  for (const Client& client : held) EXPECT_EQ(client->read().status, 200);
  EXPECT_EQ(provider_.texts().size(), 2u) << "what was refused is not run";
  EXPECT_TRUE(provider_.idle());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(post("/v1/embeddings", R"({"input":"c"})", kManyKey).status, 200);
}

TEST_F(TurnTest, AnswersLeaveNoPlaceForCallsEither) {
  start(1);
  provider_.FakeProvider::hold = true;
  TestClient client(server_->port());
  client.send(post_text("/v1/completions", R"({"prompt":"a","stream":true})", kManyKey));
  ASSERT_TRUE(client.read_until("data: "));
  expect_error(post("/v1/embeddings", R"({"input":"b"})", kManyKey), 429, "server_busy");
  provider_.FakeProvider::hold = false;
  EXPECT_EQ(client.read().status, 200);
}

// By how many of the other client's calls were begun before each of one's own, whatever time they took.
TEST_F(TurnTest, ClientsTakeTurns) {
  start(8);
  const std::vector<Client> many = embed(8, "many", kManyKey);
  ASSERT_TRUE(begins({"many"}));
  const std::vector<Client> few = embed(4, "few", kFewKey);
  EXPECT_EQ(ask_for_text(kFewKey), 429) << "its share is four places";
  provider_.waits = false;
  for (const Client& client : few) EXPECT_EQ(client->read().status, 200);
  for (const Client& client : many) EXPECT_EQ(client->read().status, 200);
  EXPECT_EQ(provider_.texts(), (std::vector<std::string>{"many", "many", "few", "many", "few", "many", "few", "many",
                                                         "few", "many", "many", "many"}));
}

TEST_F(TurnTest, AClientThatGoesAwayTakesItsWaitingCallAndItsPlaceWithIt) {
  start(2);
  const std::vector<Client> first = embed(1, "first", kManyKey);
  ASSERT_TRUE(begins({"first"}));
  const std::vector<Client> second = embed(1, "second", kManyKey);
  EXPECT_EQ(ask_for_text(kManyKey), 429);
  second[0]->close();
  EXPECT_TRUE(comes_to_have_room(kManyKey));
  provider_.waits = false;
  EXPECT_EQ(first[0]->read().status, 200);
  EXPECT_EQ(embed(1, "third", kManyKey)[0]->read().status, 200);
  EXPECT_EQ(provider_.texts(), (std::vector<std::string>{"first", "third"}));
}

std::string text_of_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Nobody can end it: until it has ended it takes room, though its client holds no place any more.
TEST_F(TurnTest, ACallThatRunsMayOutliveItsClient) {
  const std::string log = testing::TempDir() + "turn_test_access.jsonl";
  std::remove(log.c_str());
  ServerOptions options;
  options.access_log = log;
  start(1, options);
  const std::vector<Client> first = embed(1, "first", kManyKey);
  ASSERT_TRUE(begins({"first"}));
  first[0]->close();
  ASSERT_TRUE(comes([&] { return text_of_file(log).find("\"status\":499") != std::string::npos; }));
  EXPECT_EQ(ask_for_text(kManyKey), 429);
  provider_.waits = false;
  EXPECT_TRUE(comes_to_have_room(kManyKey));
  EXPECT_EQ(embed(1, "second", kManyKey)[0]->read().status, 200);
}

TEST_F(TurnTest, AClientThatOnlyStopsSendingGetsItsVector) {
  start(1);
  const std::vector<Client> client = embed(1, "a", kManyKey);
  client[0]->half_close();
  ASSERT_TRUE(begins({"a"}));
  std::this_thread::sleep_for(std::chrono::milliseconds(700));  // some looks at it
  provider_.waits = false;
  TestResponse response = client[0]->read();
  while (response.status == 100) response = client[0]->read();
  EXPECT_EQ(response.json()["data"].size(), 1u) << response.body;
}

TEST_F(TurnTest, AnExceptionIsToldAndNothingElseSuffers) {
  start(1);
  provider_.waits = false;
  provider_.throws = true;
  EXPECT_EQ(post("/v1/embeddings", R"({"input":"a"})", kManyKey).status, 500);
  provider_.throws = false;
  EXPECT_EQ(post("/v1/embeddings", R"({"input":"a"})", kManyKey).status, 200);
}

TEST_F(TurnTest, AServerThatStopsTellsThoseWhoWaitForTheirTurn) {
  start(4);
  provider_.deaf = true;
  const std::vector<Client> first = embed(1, "first", kManyKey);
  ASSERT_TRUE(begins({"first"}));
  const std::vector<Client> others = embed(3, "other", kManyKey);
  std::thread stopping([&] { server_->stop(0.1); });
  expect_error(first[0]->read(), 503, "unavailable");
  for (const Client& client : others) expect_error(client->read(), 503, "unavailable");
  provider_.deaf = false;
  provider_.waits = false;
  stopping.join();
  EXPECT_EQ(provider_.texts(), std::vector<std::string>{"first"}) << "the others were taken back";
}

// What waits then is dropped with the server, and what runs is waited for.
TEST_F(TurnTest, AServerMayStopWhileCallsWait) {
  start(4);
  const std::vector<Client> clients = embed(4, "a", kManyKey);
  ASSERT_TRUE(begins({"a"}));
  std::thread stopping([&] { server_->stop(0); });
  for (const Client& client : clients) EXPECT_EQ(client->read().status, 0);
  provider_.waits = false;
  stopping.join();
}

}  // namespace
}  // namespace malmoi::serve
