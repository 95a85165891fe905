// A look into a model over HTTP: its attention beside answers, gaps and labels of encoders.
#include <gtest/gtest.h>

#include "infer/encoder_provider.h"
#include "serve/server_test.h"

namespace malmoi::serve {
namespace {

TEST_F(ServerTest, ShowsTheAttentionOfAModelThatWrites) {
  start();
  const Json json = post("/explore/attention", R"({"model":"tiny","text":"hello","layer":1})").json();
  EXPECT_EQ(json["layers"], 2) << json;
  EXPECT_EQ(json["heads"], 4);
  EXPECT_EQ(json["tokens"][4]["text"], "o");
  ASSERT_EQ(json["weights"].size(), 5u);
  EXPECT_EQ(json["weights"][0], Json::array({1.0, 0.0, 0.0, 0.0, 0.0}));
  double sum = 0;
  for (const Json& weight : json["weights"][4]) sum += weight.get<double>();
  EXPECT_NEAR(sum, 1, 5e-4) << "each is rounded";
  expect_error(post("/explore/attention", R"({"text":"hello","layer":2})"), 400, "", "layer");
  expect_error(post("/explore/attention", R"({"text":")" + std::string(600, 'a') + "\"}"), 400, "", "text");
  expect_error(post("/explore/attention", R"({"text":"a","model":"huge"})"), 404, "model_not_found", "model");
  expect_error(post("/explore/fill", R"({"text":"a"})"), 400, "unsupported_parameter", "model");
  expect_error(post("/explore/classify", R"({"text":"a"})"), 400, "unsupported_parameter", "model");
  EXPECT_EQ(get("/explore/attention").status, 405);
}

TEST(ExploreServer, TellsLabelsOfAClassifier) {
  const auto model = infer::tiny_encoder(model::Task::kClassification);
  const auto tokenizer = *tokenizer::Tokenizer::from_json(infer::tiny_tokenizer_json());
  infer::EncoderProvider provider(*model, tokenizer, {.name = "labels"}, {});
  auto server = Server::start({.port = 0});
  ASSERT_TRUE(server.ok());
  (*server)->serve(provider);
  auto post = [&](const char* path, const char* body) {
    TestClient client((*server)->port());
    client.send(post_text(path, body));
    return client.read();
  };
  const Json json = post("/explore/classify", R"({"text":"good"})").json();
  EXPECT_EQ(json["labels"].size(), 3u) << json;
  EXPECT_EQ(json["tokens"].size(), 4u);
  EXPECT_EQ(post("/explore/attention", R"({"text":"good"})").json()["weights"].size(), 4u);
  expect_error(post("/explore/fill", R"({"text":"a"})"), 400, "", "model");
  server->reset();
}

}  // namespace
}  // namespace malmoi::serve
