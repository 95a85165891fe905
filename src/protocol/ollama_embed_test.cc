// Embeddings in Ollama's form: what is asked of the model, what is told of it, and what is refused by name.
#include "protocol/ollama_embed.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "protocol/test_requests.h"

namespace malmoi::protocol {
namespace {

// Gives the n-th text of a request the vector (n, 0.5), and reads two tokens of each.
class NumberedVectors : public chat::Provider {
 public:
  chat::ModelInfo info() const override { return {.name = "m", .context_length = 256}; }
  Status generate(chat::GenerationRequest, chat::TokenSink) override { return {}; }
  chat::ProviderStats stats() const override { return {}; }
  void drain(double) override {}
  Result<chat::Embeddings> embed(const chat::EmbeddingRequest& request) const override {
    asked.push_back(request);
    if (refusal) return *refusal;
    chat::Embeddings out;
    for (size_t i = 0; i < request.inputs.size(); ++i) out.vectors.push_back({static_cast<float>(i), 0.5f});
    out.tokens = 2 * static_cast<int64_t>(request.inputs.size());
    return out;
  }
  std::optional<Error> refusal;
  mutable std::vector<chat::EmbeddingRequest> asked;
};

Reply embed(const std::string& body, const chat::Provider& provider) {
  return create_ollama_embeddings(*parse_body(body), {}, provider);
}

Reply embed_older(const std::string& body, const chat::Provider& provider) {
  return create_ollama_embedding(*parse_body(body), {}, provider);
}

// The field at fault.
std::string fault_of(const Reply& reply) {
  const ApiError* error = std::get_if<ApiError>(&reply);
  return error ? error->param : "was answered";
}

TEST(OllamaEmbed, TextsBecomeVectorsInTheirOrder) {
  const NumberedVectors provider;
  const Json json = json_of(embed(R"({"model":"m:latest","input":["a","b"],"dimensions":2,"truncate":true,
      "keep_alive":"5m","options":{"temperature":0.5,"num_ctx":256,"num_thread":4,"seed":-1}})",
                                  provider));
  EXPECT_EQ(json["model"], "m");
  EXPECT_EQ(json["embeddings"], Json::parse("[[0.0,0.5],[1.0,0.5]]"));
  EXPECT_EQ(json["prompt_eval_count"], 4);
  EXPECT_GT(json["total_duration"], 0);
  EXPECT_EQ(json["load_duration"], 0);
  ASSERT_EQ(provider.asked.size(), 1u);
  const chat::EmbeddingRequest& asked = provider.asked[0];
  EXPECT_EQ(asked.model, "m");
  EXPECT_EQ(asked.dimensions, 2);
  EXPECT_STREQ(asked.field, "input");
  ASSERT_EQ(asked.inputs.size(), 2u);
  EXPECT_EQ(std::get<std::string>(asked.inputs[1].text), "b");
  EXPECT_EQ(asked.inputs[1].purpose, chat::EmbeddingPurpose::kAny);
}

TEST(OllamaEmbed, OneTextIsAListOfOneVector) {
  const NumberedVectors provider;
  EXPECT_EQ(json_of(embed(R"({"input":"a"})", provider))["embeddings"], Json::parse("[[0.0,0.5]]"));
}

TEST(OllamaEmbed, WithoutTextThereIsNothingToRead) {
  const NumberedVectors provider;
  for (const char* body : {R"({"model":"m"})", R"({"input":""})", R"({"input":[]})", R"({"input":null})"}) {
    const Json json = json_of(embed(body, provider));
    EXPECT_EQ(json["embeddings"], Json::array()) << body;
    EXPECT_EQ(json["prompt_eval_count"], 0) << body;
  }
  for (const char* body : {R"({"model":"m"})", R"({"prompt":""})"})
    EXPECT_EQ(json_of(embed_older(body, provider)), (Json{{"embedding", Json::array()}, {"prompt_eval_count", 0}}));
  EXPECT_TRUE(provider.asked.empty());
}

TEST(OllamaEmbed, TheOlderPathHasOneText) {
  const NumberedVectors provider;
  const Json json = json_of(
      embed_older(R"({"model":"m:latest","prompt":"a","keep_alive":0,"options":{"top_k":3,"num_gpu":1}})", provider));
  EXPECT_EQ(json, (Json{{"embedding", Json::parse("[0.0,0.5]")}, {"prompt_eval_count", 2}}));
  ASSERT_EQ(provider.asked.size(), 1u);
  EXPECT_STREQ(provider.asked[0].field, "prompt");
}

TEST(OllamaEmbed, RefusesByName) {
  const NumberedVectors provider;
  std::string many = R"({"input":["a")";
  for (size_t i = 0; i < chat::kMaxEmbeddingInputs; ++i) many += R"(,"a")";
  struct Case {
    std::string body, param;
  };
  for (const Case& one :
       {Case{R"({"input":5})", "input"}, Case{R"({"input":["a",""]})", "input"}, Case{R"({"input":[[1,2]]})", "input"},
        Case{many + "]}", "input"}, Case{R"({"input":"a","dimensions":0})", "dimensions"},
        Case{R"({"input":"a","model":"other"})", "model"}, Case{R"({"input":"a","options":1})", "options"},
        Case{R"({"input":"a","options":{"temperature":-1}})", "options.temperature"},
        Case{R"({"input":"a","options":{"num_ctx":257}})", "options.num_ctx"},
        Case{R"({"input":"a","options":{"num_ctxt":1}})", "options.num_ctxt"},
        Case{R"({"input":"a","prompt":"b"})", "prompt"}})
    EXPECT_EQ(fault_of(embed(one.body, provider)), one.param) << one.body.substr(0, 80);
  for (const Case& one : {Case{R"({"prompt":["a"]})", "prompt"}, Case{R"({"prompt":"a","input":"b"})", "input"},
                          Case{R"({"prompt":"a","options":{"num_ctx":257}})", "options.num_ctx"},
                          Case{R"({"prompt":"a","model":"other"})", "model"}})
    EXPECT_EQ(fault_of(embed_older(one.body, provider)), one.param) << one.body;
  EXPECT_TRUE(provider.asked.empty());
}

TEST(OllamaEmbed, WhatAProviderRefusesIsTold) {
  NumberedVectors provider;
  provider.refusal = usage_error("too long", "input", "cut it into parts");
  EXPECT_EQ(fault_of(embed(R"({"input":"a"})", provider)), "input");
}

}  // namespace
}  // namespace malmoi::protocol
