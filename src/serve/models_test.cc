// A server over a pool: requests reach the model that they name, whatever is loaded, given up or replaced meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "base/log.h"
#include "chat/provider_pool.h"
#include "infer/provider.h"
#include "infer/tiny_model.h"
#include "serve/server.h"
#include "serve/server_test.h"
#include "serve/test_client.h"

namespace malmoi::serve {
namespace {

constexpr double kLong = 30;  // seconds: that only a failure takes

// A model with all that answers for it; freed from the last to the first.
struct TinyModel {
  std::unique_ptr<model::Model> model;
  std::unique_ptr<tokenizer::Tokenizer> tokenizer;
  std::unique_ptr<infer::Engine> engine;
  std::unique_ptr<infer::EngineProvider> provider;
};

Result<std::shared_ptr<chat::Provider>> open_tiny(const std::string& name, uint64_t seed) {
  auto tiny = std::make_shared<TinyModel>();
  tiny->model = infer::tiny_model(kContext, seed);
  MALMOI_ASSIGN(auto tokenizer, tokenizer::Tokenizer::from_json(infer::tiny_tokenizer_json()));
  tiny->tokenizer = std::make_unique<tokenizer::Tokenizer>(std::move(tokenizer));
  MALMOI_ASSIGN(tiny->engine, infer::Engine::create(*tiny->model, *tiny->tokenizer, {.state_bytes = size_t{64} << 20}));
  tiny->provider = std::make_unique<infer::EngineProvider>(
      *tiny->engine, *tiny->tokenizer,
      infer::EngineProviderOptions{.model = {.name = name, .created = 5}, .stop_ids = {infer::kTinyEnd}});
  chat::Provider* provider = tiny->provider.get();
  return std::shared_ptr<chat::Provider>(std::move(tiny), provider);
}

// What stands for a model's files: the seed of its weights.
struct Files {
  std::atomic<uint64_t> seed{7};
  std::atomic<bool> slow{false}, broken{false};
};

class ModelsTest : public ::testing::Test {
 protected:
  void start(size_t most_loaded = SIZE_MAX, ServerOptions options = {}) {
    std::vector<chat::PooledModel> models;
    for (const char* name : {"first", "second"}) {
      auto files = files_[name] = std::make_shared<Files>();
      models.push_back({.info = {.name = name, .created = 5},
                        .load = [name, files]() -> Result<std::shared_ptr<chat::Provider>> {
                          while (files->slow) std::this_thread::sleep_for(std::chrono::milliseconds(1));
                          if (files->broken)
                            return invalid_data("the weights are cut", "folder/model.safetensors", "copy them again");
                          return open_tiny(name, files->seed);
                        },
                        .version = [files] { return std::to_string(files->seed); }});
    }
    files_["second"]->seed = 11;
    pool_ = std::make_unique<chat::ProviderPool>(
        std::move(models), chat::PoolOptions{.most_loaded = most_loaded, .look_seconds = 0.01, .quiet_seconds = 0.01});
    options.port = 0;
    auto server = Server::start(options);
    ASSERT_TRUE(server.ok()) << server.error().to_string();
    server_ = *std::move(server);
    server_->serve(*pool_);
  }
  void TearDown() override {
    for (const auto& [name, files] : files_) files->slow = false;
    server_.reset();
    pool_.reset();
  }
  TestResponse send(const std::string& text) {
    TestClient client(server_->port());
    client.send(text);
    return client.read();
  }
  TestResponse post(const std::string& path, const Json& body) { return send(post_text(path, dump_json(body))); }
  TestResponse get(const std::string& path) { return send(get_text(path)); }
  static Json body(const std::string& model, int tokens) {
    return {{"model", model}, {"prompt", "abc"}, {"max_tokens", tokens}, {"temperature", 0}, {"ignore_eos", true}};
  }
  std::string complete(const std::string& model, int tokens = 12) {
    const TestResponse response = post("/v1/completions", body(model, tokens));
    EXPECT_EQ(response.status, 200) << response.body;
    return response.status == 200 ? response.json()["choices"][0]["text"].get<std::string>() : "";
  }
  // What a model of this seed writes.
  static std::string written(uint64_t seed, int tokens = 12) {
    auto provider = open_tiny("alone", seed);
    EXPECT_TRUE(provider.ok());
    std::string text;
    std::atomic<bool> done{false};
    chat::GenerationRequest request;
    request.prompt = std::string("abc");
    request.max_tokens = tokens;
    request.ignore_eos = true;
    request.sampling.temperature = 0;
    const Status begun = (*provider)->generate(request, [&](const chat::TokenEvent& event) {
      text += event.text;
      if (event.finish != chat::FinishReason::kNone) done = true;
      return true;
    });
    EXPECT_TRUE(begun.ok());
    while (begun.ok() && !done) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return text;
  }
  std::string state(const std::string& name) {
    const Json listed = get("/admin/models").json();
    for (const Json& model : listed["models"]) {
      if (model["name"] == name) return model["state"];
    }
    return "";
  }
  template <typename Condition>
  static bool comes(const Condition& condition) {
    for (double end = monotonic_seconds() + kLong; monotonic_seconds() < end;) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
  }

  std::map<std::string, std::shared_ptr<Files>> files_;
  std::unique_ptr<chat::ProviderPool> pool_;
  std::unique_ptr<Server> server_;
};

TEST_F(ModelsTest, RequestsReachTheModelThatTheyName) {
  start();
  const std::string first = written(7), second = written(11);
  ASSERT_NE(first, second);
  EXPECT_EQ(get("/v1/models").json()["data"].size(), 2u);
  EXPECT_EQ(state("second"), "unloaded");
  EXPECT_EQ(complete("second"), second);
  EXPECT_EQ(complete("first"), first);
  EXPECT_EQ(post("/v1/completions", {{"prompt", "abc"}}).json()["model"], "first");
  EXPECT_EQ(state("second"), "loaded");
  const TestResponse unknown = post("/v1/completions", body("third", 1));
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, testing::HasSubstr("'first', 'second'"));
  EXPECT_EQ(post("/tokenize", {{"content", "a"}, {"model", "third"}}).status, 404);
  EXPECT_EQ(post("/tokenize", {{"content", "a"}, {"model", "second"}}).json()["count"], 1);
}

TEST_F(ModelsTest, MetricsAndListsAreOfEachModel) {
  start();
  complete("second", 4);
  const std::string text = get("/metrics").body;
  for (const char* line :
       {"malmoi_generation_tokens_total{model_name=\"first\"} 0",
        "malmoi_generation_tokens_total{model_name=\"second\"} 4", "malmoi_model_loaded{model_name=\"first\"} 0",
        "malmoi_model_loaded{model_name=\"second\"} 1"})
    EXPECT_THAT(text, testing::HasSubstr(line));
  const Json loaded = get("/api/ps").json();
  ASSERT_EQ(loaded["models"].size(), 1u);
  EXPECT_EQ(loaded["models"][0]["name"], "second:latest");
  EXPECT_EQ(get("/api/tags").json()["models"].size(), 2u);
  EXPECT_EQ(post("/api/show", {{"model", "first"}}).status, 200);
  EXPECT_EQ(state("first"), "unloaded") << "asking about a model does not load it";
}

TEST_F(ModelsTest, OthersAreAnsweredWhileAModelIsLoaded) {
  start();
  const std::string first = complete("first");
  files_["second"]->slow = true;
  TestClient waiting(server_->port()), leaving(server_->port());
  waiting.send(post_text("/v1/completions", dump_json(body("second", 12))));
  leaving.send(post_text("/v1/completions", dump_json(body("second", 12))));
  ASSERT_TRUE(comes([&] { return pool_->stats().waiting == 2; }));
  leaving.close();
  EXPECT_TRUE(comes([&] { return pool_->stats().waiting == 1; })) << "who has left does not wait";
  EXPECT_EQ(complete("first"), first);
  files_["second"]->slow = false;
  EXPECT_EQ(waiting.read().json()["choices"][0]["text"], written(11));
}

TEST_F(ModelsTest, AClientThatWaitsForAModelKeepsNobodyElseOut) {
  ServerOptions options;
  options.max_requests = 2;
  options.api_keys = {"many", "few"};
  start(SIZE_MAX, options);
  auto request = [](const std::string& model, const std::string& key) {
    return post_text("/v1/completions", dump_json(body(model, 1)), "Authorization: Bearer " + key + "\r\n");
  };
  EXPECT_EQ(send(request("first", "few")).status, 200);
  files_["second"]->slow = true;
  TestClient one(server_->port()), two(server_->port());
  one.send(request("second", "many"));
  two.send(request("second", "many"));
  ASSERT_TRUE(comes([&] { return pool_->stats().waiting == 2; }));
  expect_error(send(request("second", "many")), 429, "server_busy");
  expect_error(send(request("first", "many")), 429, "server_busy");
  EXPECT_EQ(send(request("first", "few")).status, 200) << "its share is one place";
  files_["second"]->slow = false;
  EXPECT_EQ(one.read().status, 200);
  EXPECT_EQ(two.read().status, 200);
}

TEST_F(ModelsTest, ARequestWaitsNoLongerThanItMay) {
  ServerOptions options;
  options.load_seconds = 0.05;
  start(SIZE_MAX, options);
  files_["second"]->slow = true;
  expect_error(post("/v1/completions", body("second", 1)), 503, "loading", "model");
}

TEST_F(ModelsTest, WhatCannotBeLoadedIsAnErrorOfItsRequests) {
  start();
  files_["second"]->broken = true;
  const TestResponse refused = post("/v1/completions", body("second", 1));
  expect_error(refused, 500, "model_not_loaded", "model");
  EXPECT_THAT(refused.body, testing::HasSubstr("the weights are cut; copy them again"));
  EXPECT_THAT(refused.body, testing::Not(testing::HasSubstr("folder/")));
  expect_error(post("/v1/embeddings", {{"model", "second"}, {"input", "a"}}), 500, "model_not_loaded", "model");
  EXPECT_EQ(complete("first"), written(7));
  const TestResponse ready = get("/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_THAT(ready.body, testing::HasSubstr("'second' cannot be loaded"));
  files_["second"]->broken = false;
  EXPECT_EQ(post("/admin/models/load", {{"model", "second"}}).json()["state"], "loaded") << "operators need not wait";
  EXPECT_EQ(complete("second"), written(11));
}

TEST_F(ModelsTest, OperatorsLoadAndUnload) {
  start();
  EXPECT_EQ(post("/admin/models/load", {{"model", "second"}}).json()["state"], "loaded");
  EXPECT_EQ(post("/admin/models/unload", {{"model", "second"}}).json()["state"], "unloaded");
  EXPECT_EQ(state("second"), "unloaded");
  expect_error(post("/admin/models/unload", {{"model", "third"}}), 404, "model_not_found", "model");
  expect_error(post("/admin/models/load", Json::object()), 400, "", "model");
}

TEST_F(ModelsTest, TheOneThatGivesWayIsLoadedAgainWithTheSameAnswers) {
  start(1);
  const std::string first = written(7), second = written(11);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(complete("first"), first);
    EXPECT_EQ(complete("second"), second);
    EXPECT_EQ(state("first"), "unloaded");
  }
}

// Bits of an answer are of one version, also where it is replaced, and given up by an operator, in the middle.
TEST_F(ModelsTest, AnAnswerUnderWayEndsOnTheVersionThatItBeganWith) {
  constexpr int kTokens = 2000;
  start();
  Json streamed = body("first", kTokens);
  streamed["stream"] = true;
  auto text_of = [](const TestResponse& response) {
    std::string text;
    for (const Json& event : response.events()) {
      if (event.is_object() && !event["choices"].empty()) text += event["choices"][0]["text"].get<std::string>();
    }
    return text;
  };
  const std::string wanted = text_of(post("/v1/completions", streamed));
  TestClient client(server_->port());
  client.send(post_text("/v1/completions", dump_json(streamed)));
  ASSERT_TRUE(client.read_until("data: "));
  files_["first"]->seed = 9;
  const std::string after = written(9);
  ASSERT_TRUE(comes([&] { return complete("first") == after; }));
  EXPECT_EQ(post("/admin/models/unload", {{"model", "first"}}).status, 200);
  EXPECT_EQ(text_of(client.read()), wanted);
  EXPECT_EQ(complete("first"), after);
}

TEST_F(ModelsTest, AServerThatStopsTellsThoseWhoWaitForAModel) {
  start();
  files_["second"]->slow = true;
  TestClient client(server_->port());
  client.send(post_text("/v1/completions", dump_json(body("second", 1))));
  ASSERT_TRUE(comes([&] { return pool_->stats().waiting == 1; }));
  std::thread stopping([&] { server_->stop(5); });
  EXPECT_EQ(client.read().status, 503);
  stopping.join();
}

}  // namespace
}  // namespace malmoi::serve
