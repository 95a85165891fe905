// The server from outside, over sockets, with a tiny random model.
#include "serve/server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "serve/server_test.h"

namespace malmoi::serve {
namespace {

TEST_F(ServerTest, HealthAndModels) {
  start();
  EXPECT_EQ(get("/health").json()["status"], "ok");
  EXPECT_EQ(get("/livez").status, 200);
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(get("/v1/models").json()["data"][0]["id"], "tiny");
  EXPECT_EQ(get("/v1/models/tiny").json()["id"], "tiny");
  expect_error(get("/v1/models/huge"), 404, "model_not_found", "model");
}

TEST(ServerLoading, Answers503UntilTheModelIsThere) {
  ServerOptions options;
  options.port = 0;
  auto server = Server::start(options);
  ASSERT_TRUE(server.ok());
  TestClient client((*server)->port());
  for (const char* path : {"/health", "/readyz"}) {
    client.send(get_text(path));
    TestResponse response = client.read();
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.json()["status"], "loading");
  }
  client.send(get_text("/livez"));
  EXPECT_EQ(client.read().status, 200);
  client.send(get_text("/v1/models"));
  expect_error(client.read(), 503, "loading");
  client.send(get_text("/metrics"));
  EXPECT_EQ(client.read().status, 200);
}

TEST(ServerListening, APortInUseIsSaidWithTheRemedy) {
  ServerOptions options;
  options.port = 0;
  auto first = Server::start(options);
  ASSERT_TRUE(first.ok());
  options.port = (*first)->port();
  auto second = Server::start(options);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().to_string().find("the port is in use"), std::string::npos);
  EXPECT_NE(second.error().to_string().find("--port"), std::string::npos);
  options.host = "203.0.113.1";
  EXPECT_FALSE(Server::start(options).ok());
}

TEST_F(ServerTest, ACompletionIsWhatTheEngineGives) {
  start();
  TestResponse response = complete(R"("prompt":"hello","max_tokens":12,"seed":3,"logprobs":2)");
  ASSERT_EQ(response.status, 200) << response.body;
  Json json = response.json(), choice = json["choices"][0];
  EXPECT_EQ(json["object"], "text_completion");
  EXPECT_EQ(choice["finish_reason"], "length");
  EXPECT_EQ(json["usage"]["prompt_tokens"], 5);
  EXPECT_EQ(json["usage"]["completion_tokens"], 12);
  EXPECT_EQ(choice["logprobs"]["tokens"].size(), 12u);
  EXPECT_EQ(choice["logprobs"]["top_logprobs"].size(), 12u);
  std::string text;
  infer::Request request{{.prompt = {'h', 'e', 'l', 'l', 'o'}, .max_tokens = 12}};
  request.sampling.seed = 3;
  ASSERT_TRUE(infer::generate(*model_, *tokenizer_, request, [&](const chat::TokenEvent& event) {
                return text += event.text, true;
              }).ok());
  EXPECT_EQ(choice["text"], text);
}

// The same seed draws the same answers, of which two are told.
TEST_F(ServerTest, TheBestOfAnswersAreThoseOfTheLargestMean) {
  start();
  const std::string fields = R"("prompt":["가","나"],"max_tokens":6,"seed":3,"logprobs":0,)";
  const Json all = complete(fields + R"("n":4)").json(), best = complete(fields + R"("n":2,"best_of":4)").json();
  ASSERT_EQ(all["choices"].size(), 8u) << all;
  ASSERT_EQ(best["choices"].size(), 4u) << best;
  EXPECT_EQ(best["usage"], all["usage"]) << "what was drawn is counted";
  for (size_t prompt = 0; prompt < 2; ++prompt) {
    std::vector<std::pair<double, std::string>> drawn;
    for (size_t i = 0; i < 4; ++i) {
      const Json& choice = all["choices"][4 * prompt + i];
      double sum = 0;
      for (const Json& logprob : choice["logprobs"]["token_logprobs"]) sum += logprob.get<double>();
      drawn.emplace_back(-sum, choice["text"]);
    }
    std::ranges::sort(drawn);
    for (size_t i = 0; i < 2; ++i) {
      const Json& choice = best["choices"][2 * prompt + i];
      EXPECT_EQ(choice["index"], 2 * prompt + i);
      EXPECT_EQ(choice["text"], drawn[i].second);
    }
  }
}

TEST_F(ServerTest, AStreamAddsUpToTheWholeAnswer) {
  start();
  std::string fields = R"("prompt":["가","나"],"max_tokens":20,"seed":3,"n":2,"logprobs":1,"token_details":true)";
  Json whole = complete(fields).json();
  TestResponse streamed = complete(fields + R"(,"stream":true,"stream_options":{"include_usage":true})");
  ASSERT_EQ(streamed.status, 200);
  EXPECT_EQ(streamed.field("Content-Type"), "text/event-stream; charset=utf-8");
  std::vector<Json> events = streamed.events();
  ASSERT_GT(events.size(), 80u);
  EXPECT_EQ(events.back(), "[DONE]");
  EXPECT_EQ(events[events.size() - 2]["usage"], whole["usage"]);
  std::vector<std::string> texts(4), finishes(4);
  std::vector<size_t> tokens(4);
  for (const Json& event : events) {
    if (!event.is_object() || event["choices"].empty()) continue;
    const Json& choice = event["choices"][0];
    size_t i = choice["index"];
    texts[i] += choice["text"].get<std::string>();
    if (choice["finish_reason"].is_string()) finishes[i] = choice["finish_reason"];
    tokens[i] += choice["logprobs"]["content"].size();
  }
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(whole["choices"][i]["text"], texts[i]);
    EXPECT_EQ(whole["choices"][i]["finish_reason"], finishes[i]);
    EXPECT_EQ(tokens[i], 20u);
  }
  EXPECT_EQ(texts[0] == texts[1], false);  // the answers to one prompt are drawn apart
}

TEST_F(ServerTest, EchoStopAndEmptyPrompt) {
  start();
  Json plain = complete(R"("prompt":"말","max_tokens":30,"seed":1)").json();
  std::string text = plain["choices"][0]["text"];
  Json echoed = complete(R"("prompt":"말","max_tokens":30,"seed":1,"echo":true)").json();
  EXPECT_EQ(echoed["choices"][0]["text"], "말" + text);
  std::string stop = text.substr(text.size() / 2, 1);
  while ((stop[0] & 0x80) != 0) stop = text.substr(text.find(stop) + 1, 1);
  Json stopped = complete(R"("prompt":"말","max_tokens":30,"seed":1,"stop":)" + Json(stop).dump()).json();
  EXPECT_EQ(stopped["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(stopped["choices"][0]["text"], text.substr(0, text.find(stop)));
  EXPECT_EQ(complete(R"("prompt":"","max_tokens":3)").json()["usage"]["prompt_tokens"], 1);
  EXPECT_EQ(complete(R"("prompt":[104,105],"max_tokens":0,"echo":true)").json()["choices"][0]["text"], "hi");
}

TEST_F(ServerTest, ChatWholeAndStreamed) {
  start();
  std::string body =
      R"({"messages":[{"role":"user","content":"안녕 <|endoftext|>"}],"max_tokens":15,"seed":2,"ignore_eos":true,"logprobs":true,"top_logprobs":3)";
  Json whole = post("/v1/chat/completions", body + "}").json();
  ASSERT_TRUE(whole.contains("choices")) << whole;
  EXPECT_EQ(whole["object"], "chat.completion");
  EXPECT_EQ(whole["choices"][0]["message"]["role"], "assistant");
  // A special token that a user writes is text: byte by byte here.
  EXPECT_EQ(whole["usage"]["prompt_tokens"], std::string("user: 안녕 <|endoftext|>\nassistant:").size());
  EXPECT_EQ(whole["choices"][0]["logprobs"]["content"][0]["top_logprobs"].size(), 3u);
  std::vector<Json> events = post("/v1/chat/completions", body + R"(,"stream":true})").events();
  ASSERT_GT(events.size(), 3u);
  EXPECT_EQ(events[0]["choices"][0]["delta"]["role"], "assistant");
  EXPECT_EQ(events.back(), "[DONE]");
  std::string text;
  for (const Json& event : events) {
    if (event.is_object()) text += event["choices"][0]["delta"].value("content", "");
  }
  EXPECT_EQ(whole["choices"][0]["message"]["content"], text);
}

TEST_F(ServerTest, BadRequestsAreRefusedInOneShape) {
  start();
  expect_error(post("/v1/completions", "{\"prompt\": "), 400, "");
  expect_error(post("/v1/completions", "[1]"), 400, "");
  expect_error(post("/v1/completions", ""), 400, "");
  expect_error(post("/v1/completions", R"({"prompt":"a","model":"gpt-9"})"), 404, "model_not_found", "model");
  expect_error(post("/v1/completions", R"({"prompt":"a","suffix":"b"})"), 400, "unsupported_parameter", "suffix");
  expect_error(post("/v1/chat/completions", R"({"messages":[{"role":"user","content":"a"}],"tools":[{}]})"), 400, "",
               "tools[0].type");
  expect_error(
      post("/v1/chat/completions",
           R"({"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f"}}]})"),
      400, "unsupported_parameter", "tools");  // the plain template knows none
  expect_error(complete("\"prompt\":\"" + std::string(kContext, 'a') + "\""), 400, "context_length_exceeded", "prompt");
  expect_error(complete(R"("prompt":[1,2,999])"), 400, "", "prompt, position 2");
  expect_error(post("/nowhere", "{}"), 404, "unknown_url");
  expect_error(get("/v1/completions"), 405, "method_not_allowed");
  EXPECT_EQ(get("/v1/completions").field("Allow"), "POST");
  expect_error(post("/v1/models", "{}"), 405, "method_not_allowed");
  TestClient client(server_->port());
  client.send(
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}");
  expect_error(client.read(), 415, "unsupported_media_type");
  TestClient garbage(server_->port());
  garbage.send("\x16\x03\x01\x02garbage\r\n\r\n");
  expect_error(garbage.read(), 400, "malformed_request");
}

TEST_F(ServerTest, SizesAreLimited) {
  start({.max_header_bytes = 2048, .max_body_bytes = 4096});
  expect_error(post("/tokenize", std::string(5000, ' ')), 413, "body_too_large");
  expect_error(get("/health", "X-Filler: " + std::string(4000, 'x') + "\r\n"), 431, "header_too_large");
  TestClient chunked(server_->port());
  chunked.send(
      "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
      "chunked\r\n\r\n1388\r\n" +
      std::string(5000, ' ') + "\r\n0\r\n\r\n");
  expect_error(chunked.read(), 413, "body_too_large");
}

TEST_F(ServerTest, ManyClientsAtOnceGetWhatEachWouldAlone) {
  start({}, {.max_running = 4});
  auto body = [](int i) {
    return "\"prompt\":\"" + std::string(static_cast<size_t>(1 + i), 'a') +
           "\",\"max_tokens\":20,\"seed\":" + std::to_string(i);
  };
  std::vector<std::string> alone;
  for (int i = 0; i < 12; ++i) alone.push_back(complete(body(i)).json()["choices"][0]["text"]);
  std::atomic<int> same{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&, i] {
      std::string text;
      for (const Json& event : complete(body(i) + R"(,"stream":true)").events()) {
        if (event.is_object()) text += event["choices"][0]["text"].get<std::string>();
      }
      same += text == alone[static_cast<size_t>(i)];
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(same, 12);
}

TEST_F(ServerTest, KeysAreAskedForButByHealthAndPage) {
  start({.api_keys = {"secret", "other"}});
  expect_error(get("/v1/models"), 401, "invalid_api_key");
  EXPECT_EQ(get("/v1/models").field("WWW-Authenticate"), "Bearer");
  for (const char* wrong : {"Bearer secre", "Bearer secrets", "Basic secret", "Bearer", "Bearer ", "secret"})
    EXPECT_EQ(get("/v1/models", "Authorization: " + std::string(wrong) + "\r\n").status, 401) << wrong;
  for (const char* right : {"Bearer secret", "bearer other"})
    EXPECT_EQ(get("/v1/models", "Authorization: " + std::string(right) + "\r\n").status, 200) << right;
  for (const char* wrong : {"secre", "secrets", "", "Bearer secret"})
    EXPECT_EQ(get("/v1/models", "x-api-key: " + std::string(wrong) + "\r\n").status, 401) << wrong;
  for (const char* right :
       {"x-api-key: secret\r\n", "X-Api-Key: other\r\n", "Authorization: Bearer unused\r\nx-api-key: secret\r\n",
        "Authorization: Bearer secret\r\nx-api-key: unused\r\n"})
    EXPECT_EQ(get("/v1/models", right).status, 200) << right;
  EXPECT_EQ(get("/health").status, 200);
  EXPECT_EQ(get("/").status, 200);
  EXPECT_EQ(get("/metrics").status, 401);
  // A body that nobody may send is not read: the answer comes, the connection ends.
  TestClient client(server_->port());
  client.send(
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
      "1000000\r\n\r\n{");
  expect_error(client.read(), 401, "invalid_api_key");
  EXPECT_TRUE(client.at_end());
}

TEST(ServerOptions, AddressesOfThisMachineAlone) {
  for (const char* host : {"localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "::1"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "127.evil.example", "localhost.evil.example"})
    EXPECT_FALSE(is_loopback(host)) << host;
}

TEST_F(ServerTest, OtherHostsAndOriginsAreRefused) {
  start({.allowed_hosts = {"llm.example"}, .cors_origins = {"https://app.example"}});
  auto with_host = [&](const std::string& host) {
    return send("GET /health HTTP/1.1\r\nHost: " + host + "\r\n\r\n").status;
  };
  for (const char* host : {"localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "llm.example"})
    EXPECT_EQ(with_host(host), 200) << host;
  for (const char* host : {"evil.example", "localhost.evil.example", "10.0.0.1"})
    EXPECT_EQ(with_host(host), 403) << host;
  auto preflight = [&](const std::string& origin) {
    return send("OPTIONS /v1/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: " + origin +
                "\r\nAccess-Control-Request-Method: POST\r\n\r\n");
  };
  EXPECT_EQ(preflight("https://app.example").status, 204);
  EXPECT_EQ(preflight("https://app.example").field("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(preflight("https://evil.example").status, 403);
  EXPECT_EQ(get("/health", "Origin: https://app.example\r\n").field("Access-Control-Allow-Origin"),
            "https://app.example");
  EXPECT_EQ(get("/health", "Origin: https://evil.example\r\n").field("Access-Control-Allow-Origin"), "");
}

TEST_F(ServerTest, ThePageIsServedOnceAndAlone) {
  start();
  TestResponse page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("page.js"), std::string::npos);
  EXPECT_NE(page.field("Content-Security-Policy").find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(page.field("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(get("/", "If-None-Match: " + page.field("ETag") + "\r\n").status, 304);
  EXPECT_EQ(get("/page.js").field("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(get("/page.css?v=1").status, 200);
  TestClient client(server_->port());
  client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  TestResponse head = client.read(false);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.field("Content-Length"), std::to_string(page.body.size()));
  client.send(get_text("/health"));
  EXPECT_EQ(client.read().status, 200);
}

TEST_F(ServerTest, TokensAndBack) {
  start();
  Json pieces = post("/tokenize", R"({"content":"가<|endoftext|>","with_pieces":true})").json();
  ASSERT_EQ(pieces["count"], 4) << pieces;
  EXPECT_EQ(pieces["tokens"][0]["bytes"], Json::array({0xEA}));
  EXPECT_EQ(pieces["tokens"][3]["special"], true);
  EXPECT_EQ(post("/detokenize", R"({"tokens":[234,176,128,104]})").json()["content"], "가h");
}

TEST_F(ServerTest, MetricsCountWhatHappened) {
  start();
  complete(R"("prompt":"abc","max_tokens":4)");
  post("/v1/completions", "{");
  std::string text = get("/metrics").body;
  for (const char* line :
       {"malmoi_prompt_tokens_total{model_name=\"tiny\"} 3", "malmoi_generation_tokens_total{model_name=\"tiny\"} 4",
        "malmoi_request_success_total{finished_reason=\"length\",model_name=\"tiny\"} 1",
        "malmoi_http_responses_total{code=\"400\"} 1",
        "malmoi_time_to_first_token_seconds_count{model_name=\"tiny\"} 1",
        "malmoi_request_queue_time_seconds_count{model_name=\"tiny\"} 1",
        "malmoi_inter_token_latency_seconds_count{model_name=\"tiny\"} 3",
        "malmoi_kv_cache_usage_perc{model_name=\"tiny\"} "})
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
}

}  // namespace
}  // namespace malmoi::serve
