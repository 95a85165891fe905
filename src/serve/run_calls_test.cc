// The calls below /runs and /data over HTTP, with runs that are told and no files.
#include "serve/run_calls.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "serve/fake_provider.h"
#include "serve/run_events.h"
#include "serve/runs.h"
#include "serve/server.h"
#include "serve/server_test.h"
#include "serve/test_client.h"

namespace malmoi::serve {
namespace {

// Tells a point a time, until it is let go.
class FakeFollower : public RunFollower {
 public:
  FakeFollower(const std::atomic<bool>& over, std::atomic<int>& alive) : over_(over), alive_(alive) { ++alive_; }
  ~FakeFollower() override { --alive_; }
  std::vector<RunEvent> next() override {
    ended_ = over_;
    if (ended_) return {RunEvent{"end", Json{{"name", "first"}}}};
    if (told_) return {};
    told_ = true;
    return {RunEvent{"points", Json{{"last_step", 3}}}};
  }
  bool ended() const override { return ended_; }

 private:
  const std::atomic<bool>& over_;
  std::atomic<int>& alive_;
  bool told_ = false, ended_ = false;
};

class FakeRuns : public Runs {
 public:
  protocol::Reply list() const override { return Json{{"runs", Json::array({"first"})}}; }
  protocol::Reply show(const std::string& name) const override { return Json{{"shown", name}}; }
  protocol::Reply metrics(const std::string& name, int64_t after) const override {
    return Json{{"name", name}, {"after", after}};
  }
  std::unique_ptr<RunFollower> follow(const std::string& name, int64_t, protocol::ApiError& error) const override {
    if (name == "first") return std::make_unique<FakeFollower>(over, alive);
    error = {.status = 404, .message = "there is no such run", .code = "not_found"};
    return nullptr;
  }
  protocol::Reply stop(const std::string& name) override { return Json{{"stopped", name}}; }
  protocol::Reply resume(const std::string&) override {
    return protocol::ApiError{.status = 409, .message = "busy", .code = "training_busy"};
  }
  std::atomic<bool> over{false};
  mutable std::atomic<int> alive{0};
};

class FakeCorpora : public Corpora {
 public:
  protocol::Reply list() const override { return Json{{"corpora", Json::array()}}; }
  protocol::Reply show(const std::string& name) const override { return Json{{"shown", name}}; }
  protocol::Reply documents(const std::string& name, const DocumentQuery& query) const override {
    return Json{{"name", name},       {"kept", query.kept},     {"reason", query.reason},
                {"find", query.find}, {"offset", query.offset}, {"limit", query.limit}};
  }
};

class RunCalls : public testing::Test {
 protected:
  void start(bool shown = true, std::vector<std::string> keys = {}) {
    ServerOptions options;
    options.port = 0;
    options.api_keys = std::move(keys);
    if (shown) {
      options.runs = runs_;
      options.corpora = std::make_shared<FakeCorpora>();
    }
    auto server = Server::start(options);
    ASSERT_TRUE(server.ok()) << server.error().to_string();
    server_ = *std::move(server);
  }
  TestResponse send(const std::string& text) {
    TestClient client(server_->port());
    client.send(text);
    return client.read();
  }
  TestResponse get(const std::string& path) { return send(get_text(path)); }
  bool nobody_follows() {
    for (double end = monotonic_seconds() + 20; monotonic_seconds() < end;) {
      if (runs_->alive == 0) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

  std::shared_ptr<FakeRuns> runs_ = std::make_shared<FakeRuns>();
  std::unique_ptr<Server> server_;
};

TEST_F(RunCalls, AreAnsweredWithoutAModel) {
  start();
  EXPECT_EQ(get("/runs").json()["runs"][0], "first");
  EXPECT_EQ(get("/runs/%EC%B2%AB%201").json()["shown"], "첫 1");
  EXPECT_EQ(get("/runs/first/metrics?after=12").json()["after"], 12);
  EXPECT_EQ(get("/runs/first/metrics").json()["after"], -1);
  EXPECT_EQ(send(post_text("/runs/first/stop", "{}")).json()["stopped"], "first");
  expect_error(send(post_text("/runs/first/resume", "{}")), 409, "training_busy");
  EXPECT_EQ(get("/data").status, 200);
  EXPECT_EQ(get("/data/small").json()["shown"], "small");
  const Json asked = get("/data/small/documents?kept=false&reason=min%5Fcharacters&offset=50&find=a%20b").json();
  EXPECT_EQ(asked["kept"], false);
  EXPECT_EQ(asked["reason"], "min_characters");
  EXPECT_EQ(asked["find"], "a b");
  EXPECT_EQ(asked["offset"], 50);
}

// Whoever reads names must not take this for a path: it is told as it came.
TEST_F(RunCalls, ANameIsHandedOnAsOne) {
  start();
  EXPECT_EQ(get("/runs/..%2f..%2fetc").json()["shown"], "../../etc");
  EXPECT_EQ(get("/runs/../etc").json()["shown"], "../etc");
}

TEST_F(RunCalls, WhatIsNoQuestionIsRefusedByItsName) {
  start();
  expect_error(get("/runs/first/metrics?after=x"), 400, "", "after");
  expect_error(get("/runs/first/metrics?after=99999999999999999999"), 400, "", "after");
  expect_error(get("/runs/first/events?after=-2"), 400, "", "after");
  expect_error(get("/data/small/documents?kept=maybe"), 400, "", "kept");
  expect_error(get("/data/small/documents?reason=x"), 400, "", "reason");
  expect_error(get("/data/small/documents?limit=100000"), 400, "", "limit");
  expect_error(get("/runs/other/events"), 404, "not_found");
  expect_error(send(post_text("/runs/first/stop", R"({"at":5})")), 400, "", "at");
  expect_error(send(post_text("/runs/first/resume", R"({"at":5})")), 400, "", "at");
  EXPECT_EQ(send(post_text("/runs/first/stop", "[")).status, 400);
  EXPECT_EQ(send(post_text("/runs/first/stop", "[1]")).status, 400);
  EXPECT_EQ(send(post_text("/runs/first/stop", "")).status, 200);
  EXPECT_EQ(send(post_text("/runs", "{}")).status, 405);
  EXPECT_EQ(send("POST /runs/first/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").status, 415)
      << "the pages of other sites may send this";
}

TEST_F(RunCalls, AreNotThereUnlessTheServerWasGivenFolders) {
  start(false);
  for (const char* path : {"/runs", "/runs/first", "/runs/first/metrics", "/runs/first/events", "/data", "/data/small",
                           "/data/small/documents"})
    expect_error(get(path), 404, "unknown_url");
  expect_error(send(post_text("/runs/first/stop", "{}")), 404, "unknown_url");
}

TEST_F(RunCalls, NeedTheKey) {
  start(true, {"secret"});
  for (const char* path : {"/runs", "/runs/first", "/runs/first/events", "/data", "/data/small/documents"})
    EXPECT_EQ(get(path).status, 401) << path;
  EXPECT_EQ(send(post_text("/runs/first/stop", "{}")).status, 401);
  EXPECT_EQ(send(get_text("/runs", "Authorization: Bearer secret\r\n")).status, 200);
}

TEST_F(RunCalls, EventsComeUntilTheRunEnds) {
  start();
  TestClient client(server_->port());
  client.send(get_text("/runs/first/events"));
  ASSERT_TRUE(client.read_until("event: points\ndata: {\"last_step\":3}\n\n"));
  runs_->over = true;
  const TestResponse response = client.read();
  EXPECT_EQ(response.status, 200);
  EXPECT_NE(response.field("Content-Type").find("text/event-stream"), std::string::npos);
  EXPECT_EQ(response.events().size(), 2u) << response.body;
  EXPECT_TRUE(nobody_follows());
}

TEST_F(RunCalls, AClientThatLeavesEndsItsStream) {
  start();
  {
    TestClient client(server_->port());
    client.send(get_text("/runs/first/events"));
    ASSERT_TRUE(client.read_until("last_step"));
    EXPECT_EQ(runs_->alive, 1);
  }
  EXPECT_TRUE(nobody_follows());
}

TEST_F(RunCalls, SoManyMayFollowAndNoMore) {
  start();
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < kMostFollowers; ++i) {
    clients.push_back(std::make_unique<TestClient>(server_->port()));
    clients.back()->send(get_text("/runs/first/events"));
    ASSERT_TRUE(clients.back()->read_until("last_step")) << i;
  }
  expect_error(get("/runs/first/events"), 429, "too_many_followers");
  clients.clear();
  ASSERT_TRUE(nobody_follows());
  runs_->over = true;
  EXPECT_EQ(get("/runs/first/events").status, 200);
}

TEST_F(RunCalls, TheServerDoesNotWaitForFollowers) {
  start();
  TestClient client(server_->port());
  client.send(get_text("/runs/first/events"));
  ASSERT_TRUE(client.read_until("last_step"));
  const double begin = monotonic_seconds();
  server_->stop(0);
  EXPECT_LT(monotonic_seconds() - begin, 10);
  EXPECT_EQ(runs_->alive, 0);
}

TEST_F(RunCalls, TheHeadOfEventsIsNoStream) {
  start();
  TestClient client(server_->port());
  client.send("HEAD /runs/first/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read(false).status, 200);
  EXPECT_TRUE(nobody_follows());
}

}  // namespace
}  // namespace malmoi::serve
