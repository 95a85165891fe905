// A server whose answers are a script's, for tests from outside.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "chat/answer/answer_parser.h"
#include "serve/fake_provider.h"
#include "serve/server.h"
#include "serve/test_client.h"

namespace malmoi::serve {

/// What a provider tells, from the first token to the end of the last answer.
using Script = std::vector<chat::TokenEvent>;

// Tokens of the prompt, whatever was asked, and those among them that had been read before.
inline constexpr int64_t kScriptedPrompt = 9, kScriptedCached = 4;

/// A token that says `text`.
inline chat::TokenEvent said(const std::string& text) {
  chat::TokenEvent event;
  event.id = 1;
  event.bytes = event.text = text;
  event.prompt_tokens = kScriptedPrompt;
  event.cached_tokens = kScriptedCached;
  return event;
}

/// The end of an answer; `error` goes with kError.
inline chat::TokenEvent ended(chat::FinishReason finish = chat::FinishReason::kStop, const std::string& error = "") {
  chat::TokenEvent event;
  event.finish = finish;
  event.error = error;
  return event;
}

/// `text`, a byte a token, and its end.
inline Script by_bytes(const std::string& text, const chat::TokenEvent& end = ended()) {
  Script script;
  for (char byte : text) script.push_back(said(std::string(1, byte)));
  script.push_back(end);
  return script;
}

class ScriptedServer : public ::testing::Test {
 protected:
  /// Each request is answered by `script`, of a model whose template holds `source`. Starts anew where it has been started.
  void start(Script script, const std::string& source = "<tool_call>") {
    server_.reset();
    provider_ = std::make_unique<FakeProvider>();
    provider_->family = &chat::answer_family(source);
    provider_->script = std::move(script);
    auto server = Server::start({.port = 0});
    ASSERT_TRUE(server.ok()) << server.error().to_string();
    server_ = *std::move(server);
    server_->serve(*provider_);
  }
  void TearDown() override { server_.reset(); }

  TestResponse post(const std::string& path, const std::string& body) {
    TestClient client(server_->port());
    client.send(post_text(path, body));
    return client.read();
  }

  std::unique_ptr<FakeProvider> provider_;
  std::unique_ptr<Server> server_;
};

}  // namespace malmoi::serve
