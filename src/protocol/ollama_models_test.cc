// Models as Ollama's lists have them.
#include "protocol/ollama_models.h"

#include <gtest/gtest.h>

#include "protocol/fields.h"
#include "protocol/test_requests.h"

namespace malmoi::protocol {
namespace {

// Serves a model and an adapter.
class TwoModels : public chat::Provider {
 public:
  chat::ModelInfo info() const override {
    chat::ModelInfo model{.name = "조직/말모이", .created = 5, .context_length = 256};
    model.defaults.temperature = 0.5;
    model.defaults.repetition_penalty = 1.25;
    model.defaults.top_k = 40;
    model.architecture = "llama";
    model.parameters = 6'900'000;
    model.takes_tools = true;
    model.thinks = true;
    return model;
  }
  std::vector<chat::ModelInfo> models() const override {
    return {info(), {.name = "letters:v2", .created = 5, .context_length = 256}};
  }
  Status generate(chat::GenerationRequest, chat::TokenSink) override { return {}; }
  chat::ProviderStats stats() const override { return {}; }
  void drain(double) override {}
};

Reply show(const char* body) { return show_ollama_model(*parse_body(body), {}, TwoModels()); }

TEST(OllamaModels, AreListedWithTags) {
  const Json models = json_of(list_ollama_models({}, {}, TwoModels()))["models"];
  ASSERT_EQ(models.size(), 2u);
  EXPECT_EQ(models[0]["name"], "조직/말모이:latest");
  EXPECT_EQ(models[0]["model"], "조직/말모이:latest");
  EXPECT_EQ(models[0]["modified_at"], "1970-01-01T00:00:05.000000Z");
  EXPECT_EQ(dump_json(models[0]["details"]),
            R"({"parent_model":"","format":"","family":"llama","families":["llama"],"parameter_size":"6.9M",)"
            R"("quantization_level":""})");
  EXPECT_EQ(models[1]["name"], "letters:v2");
  EXPECT_EQ(models[1]["details"]["parameter_size"], "");
  EXPECT_TRUE(models[1]["details"]["families"].empty());
  for (const char* field : {"size", "digest"}) EXPECT_TRUE(models[0].contains(field)) << field;
}

TEST(OllamaModels, AllAreLoaded) {
  const Json models = json_of(list_loaded_ollama_models({}, {}, TwoModels()))["models"];
  ASSERT_EQ(models.size(), 2u);
  EXPECT_EQ(models[0]["context_length"], 256);
  EXPECT_EQ(models[0]["expires_at"], "2300-01-01T00:00:00Z");
  EXPECT_EQ(models[0]["size_vram"], 0);
}

TEST(OllamaModels, AreShownByEitherName) {
  const Json json = json_of(show(R"({"model":"조직/말모이:latest","verbose":true})"));
  EXPECT_EQ(json, json_of(show(R"({"name":"조직/말모이"})")));
  EXPECT_EQ(json["model_info"]["general.architecture"], "llama");
  EXPECT_EQ(json["model_info"]["llama.context_length"], 256);
  EXPECT_EQ(json["model_info"]["general.parameter_count"], 6900000);
  EXPECT_EQ(json["capabilities"], (Json::array({"completion", "tools", "thinking"})));
  EXPECT_EQ(json["parameters"],
            "temperature                    0.5\ntop_k                          40\n"
            "repeat_penalty                 1.25\n");
  EXPECT_EQ(json["modified_at"], "1970-01-01T00:00:05.000000Z");
  EXPECT_EQ(json_of(show(R"({"model":"letters:v2"})"))["capabilities"], (Json::array({"completion"})));
}

TEST(OllamaModels, ThereIsNoOtherModel) {
  EXPECT_EQ(std::get<ApiError>(show(R"({"model":"other"})")).status, 404);
  EXPECT_EQ(std::get<ApiError>(show("{}")).param, "model");
  EXPECT_EQ(std::get<ApiError>(show(R"({"model":"letters:v2","system":"x"})")).param, "system");
}

TEST(OllamaModels, TheVersionIsOfTheApi) {
  EXPECT_EQ(json_of(ollama_version({}, {}, TwoModels()))["version"], "0.12.11");
}

}  // namespace
}  // namespace malmoi::protocol
