// A server over an engine with a tiny random model, for tests from outside.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "base/log.h"
#include "infer/provider.h"
#include "infer/tiny_model.h"
#include "serve/server.h"
#include "serve/test_client.h"

namespace malmoi::serve {

inline constexpr int64_t kContext = 100000;

/// Tokens of an answer that lasts some tenths of a second: longer than the server looks away from a client.
#if defined(MALMOI_SANITIZED)
inline const std::string kLastingTokens = "400";
#else
inline const std::string kLastingTokens = "4000";
#endif

class ServerTest : public ::testing::Test {
 protected:
  void start(ServerOptions options = {}, infer::EngineOptions engine_options = {}, std::string name = "tiny") {
    options.port = 0;
    model_ = infer::tiny_model(kContext);
    auto tokenizer = tokenizer::Tokenizer::from_json(infer::tiny_tokenizer_json());
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
    tokenizer_ = std::make_unique<tokenizer::Tokenizer>(*std::move(tokenizer));
    auto engine = infer::Engine::create(*model_, *tokenizer_, engine_options);
    ASSERT_TRUE(engine.ok()) << engine.error().to_string();
    engine_ = *std::move(engine);
    auto server = Server::start(options);
    ASSERT_TRUE(server.ok()) << server.error().to_string();
    server_ = *std::move(server);
    provider_ = std::make_unique<infer::EngineProvider>(
        *engine_, *tokenizer_,
        infer::EngineProviderOptions{.model = {.name = std::move(name), .created = 5},
                                     .chat_template = chat_template_,
                                     .stop_ids = {infer::kTinyEnd}});
    server_->serve(*provider_);
  }
  void TearDown() override {
    server_.reset();
    engine_.reset();
  }

  TestResponse send(const std::string& text) {
    TestClient client(server_->port());
    client.send(text);
    return client.read();
  }
  TestResponse get(const std::string& path, const std::string& more = "") { return send(get_text(path, more)); }
  TestResponse post(const std::string& path, const std::string& body, const std::string& more = "") {
    return send(post_text(path, body, more));
  }
  TestResponse complete(const std::string& fields) {
    return post("/v1/completions", "{\"model\":\"tiny\",\"ignore_eos\":true," + fields + "}");
  }

  // Waits until the engine has nothing to do.
  bool idle(double seconds = 20) {
    for (double end = monotonic_seconds() + seconds; monotonic_seconds() < end;) {
      infer::EngineStats stats = engine_->stats();
      if (stats.running + stats.waiting == 0) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
  }

  chat::ChatTemplate chat_template_ = chat::ChatTemplate::plain();  // set before start()
  std::unique_ptr<model::Model> model_;
  std::unique_ptr<tokenizer::Tokenizer> tokenizer_;
  std::unique_ptr<infer::Engine> engine_;
  std::unique_ptr<infer::EngineProvider> provider_;
  std::unique_ptr<Server> server_;
};

inline void expect_error(const TestResponse& response, int status, const std::string& code,
                         const std::string& param = "") {
  EXPECT_EQ(response.status, status) << response.body;
  Json error = response.json()["error"];
  EXPECT_FALSE(error["message"].get<std::string>().empty());
  EXPECT_TRUE(error["type"].is_string());
  EXPECT_EQ(error["code"], code.empty() ? Json(nullptr) : Json(code));
  EXPECT_EQ(error["param"], param.empty() ? Json(nullptr) : Json(param));
}

}  // namespace malmoi::serve
