// Calls that ask the model: embeddings, rankings, rendered conversations; and what a body asks for where its path is silent.
#include <gtest/gtest.h>

#include <bit>
#include <utility>

#include "base/base64.h"
#include "protocol/apply_template.h"
#include "protocol/by_shape.h"
#include "protocol/openai_embeddings.h"
#include "protocol/rerank.h"
#include "protocol/test_requests.h"

namespace malmoi::protocol {
namespace {

// Embeds a text at (1, 0), or at (0.6, 0.8) where an `x` stands in it, with a token for each byte or id.
class TwoPoints : public chat::Provider {
 public:
  chat::ModelInfo info() const override { return {.name = "m", .context_length = 256}; }
  Status generate(chat::GenerationRequest, chat::TokenSink) override { return {}; }
  chat::ProviderStats stats() const override { return {}; }
  void drain(double) override {}
  Result<chat::Embeddings> embed(const chat::EmbeddingRequest& request) const override {
    if (refusal) return *refusal;
    asked.push_back(request);
    chat::Embeddings out;
    for (const chat::EmbeddingInput& input : request.inputs) {
      const auto* text = std::get_if<std::string>(&input.text);
      const bool has_x = text && text->find('x') != std::string::npos;
      out.vectors.push_back(has_x ? std::vector<float>{0.6f, 0.8f} : std::vector<float>{1.f, 0.f});
      out.tokens += std::visit([](const auto& value) { return static_cast<int64_t>(value.size()); }, input.text);
    }
    return out;
  }
  Result<std::string> render(chat::GenerationRequest request) const override {
    if (refusal) return *refusal;
    const auto& messages = std::get<std::vector<chat::Message>>(request.prompt);
    return messages.back().content + "|" + request.tools.functions;
  }
  std::optional<Error> refusal;
  mutable std::vector<chat::EmbeddingRequest> asked;
};

Reply call_of(Call call, const std::string& body, const chat::Provider& provider) {
  return call(*parse_body(body), {}, provider);
}

ApiError refused(const Reply& reply) {
  const ApiError* error = std::get_if<ApiError>(&reply);
  EXPECT_TRUE(error) << "was answered";
  return error ? *error : ApiError();
}

TEST(Embeddings, AreToldAsNumbers) {
  const TwoPoints provider;
  const Json json =
      json_of(call_of(create_embeddings,
                      R"({"input":["ab","x"],"model":"m","user":"u","dimensions":2,"input_type":"query"})", provider));
  EXPECT_EQ(json["object"], "list");
  EXPECT_EQ(json["model"], "m");
  ASSERT_EQ(json["data"].size(), 2u);
  EXPECT_EQ(json["data"][1]["object"], "embedding");
  EXPECT_EQ(json["data"][1]["index"], 1);
  EXPECT_EQ(json["data"][1]["embedding"], (Json::array({0.6f, 0.8f})));
  EXPECT_EQ(json["usage"], (Json{{"prompt_tokens", 3}, {"total_tokens", 3}}));
  ASSERT_EQ(provider.asked.size(), 1u);
  EXPECT_EQ(provider.asked[0].dimensions, 2);
  EXPECT_EQ(provider.asked[0].inputs[1].purpose, chat::EmbeddingPurpose::kQuery);
}

TEST(Embeddings, AreToldInBase64) {
  const TwoPoints provider;
  const Json json = json_of(call_of(create_embeddings, R"({"input":"x","encoding_format":"base64"})", provider));
  std::string bytes;
  ASSERT_TRUE(decode_base64(json["data"][0]["embedding"].get<std::string>(), bytes));
  ASSERT_EQ(bytes.size(), 8u);
  uint32_t second = 0;
  for (size_t i = 0; i < 4; ++i) second |= uint32_t{static_cast<unsigned char>(bytes[4 + i])} << (8 * i);
  EXPECT_EQ(std::bit_cast<float>(second), 0.8f);
}

TEST(Embeddings, InputsOfEveryForm) {
  const TwoPoints provider;
  for (const char* input : {R"("ab")", R"(["ab"])", "[1,2]", "[[1,2]]"}) {
    const Json json = json_of(call_of(create_embeddings, std::string(R"({"input":)") + input + "}", provider));
    EXPECT_EQ(json["data"].size(), 1u) << input;
    EXPECT_EQ(json["usage"]["prompt_tokens"], 2) << input;
  }
  EXPECT_EQ(std::get<1>(provider.asked.back().inputs[0].text), (std::vector<int32_t>{1, 2}));
}

TEST(Embeddings, RefusesByName) {
  struct Case {
    std::string body, param;
  };
  std::string many = R"({"input":["a")";
  for (size_t i = 0; i < chat::kMaxEmbeddingInputs; ++i) many += R"(,"a")";
  const TwoPoints provider;
  for (const Case& one :
       {Case{"{}", "input"}, Case{R"({"input":""})", "input"}, Case{R"({"input":["a",""]})", "input"},
        Case{R"({"input":[]})", "input"}, Case{R"({"input":[[]]})", "input"}, Case{R"({"input":{"a":1}})", "input"},
        Case{many + "]}", "input"}, Case{R"({"input":"a","encoding_format":"int8"})", "encoding_format"},
        Case{R"({"input":"a","dimensions":0})", "dimensions"},
        Case{R"({"input":"a","input_type":"image"})", "input_type"}, Case{R"({"input":"a","model":"other"})", "model"},
        Case{R"({"input":"a","inptu":1})", "inptu"}})
    EXPECT_EQ(refused(call_of(create_embeddings, one.body, provider)).param, one.param) << one.body.substr(0, 80);
  EXPECT_TRUE(provider.asked.empty());
}

TEST(Embeddings, WhatAProviderRefusesIsTold) {
  TwoPoints provider;
  provider.refusal = usage_error("too long", "input");
  EXPECT_EQ(refused(call_of(create_embeddings, R"({"input":"a"})", provider)).param, "input");
  EXPECT_EQ(refused(call_of(rerank, R"({"query":"a","documents":["b"]})", provider)).message, "too long");
}

TEST(Rerank, TheNearestComeFirst) {
  const TwoPoints provider;
  const Json json =
      json_of(call_of(rerank, R"({"model":"m","query":"xx","documents":["a",{"text":"x"},"b"],"top_n":2})", provider));
  ASSERT_EQ(json["results"].size(), 2u);
  EXPECT_EQ(json["results"][0]["index"], 1);
  EXPECT_NEAR(json["results"][0]["relevance_score"].get<double>(), 1, 1e-6);
  EXPECT_EQ(json["results"][0]["document"]["text"], "x");
  EXPECT_EQ(json["results"][1]["index"], 0) << "of equal ones the first";
  EXPECT_NEAR(json["results"][1]["relevance_score"].get<double>(), 0.6, 1e-6);
  EXPECT_EQ(json["usage"]["total_tokens"], 5);
  EXPECT_EQ(json["model"], "m");
  ASSERT_EQ(provider.asked.size(), 2u);
  EXPECT_EQ(provider.asked[0].inputs[0].purpose, chat::EmbeddingPurpose::kQuery);
  EXPECT_EQ(provider.asked[1].inputs[0].purpose, chat::EmbeddingPurpose::kDocument);
  EXPECT_STREQ(provider.asked[1].field, "documents");
  const Json bare =
      json_of(call_of(rerank, R"({"query":"x","documents":["a"],"top_n":9,"return_documents":false})", provider));
  ASSERT_EQ(bare["results"].size(), 1u);
  EXPECT_FALSE(bare["results"][0].contains("document"));
}

TEST(Rerank, RefusesByName) {
  struct Case {
    const char* body;
    const char* param;
  };
  const TwoPoints provider;
  for (auto [body, param] : {Case{R"({"documents":["a"]})", "query"},
                             {R"({"query":"a"})", "documents"},
                             {R"({"query":"a","documents":[]})", "documents"},
                             {R"({"query":"a","documents":["a",""]})", "documents[1]"},
                             {R"({"query":"a","documents":[5]})", "documents[0]"},
                             {R"({"query":"a","documents":[{"image":"b"}]})", "documents[0].text"},
                             {R"({"query":"a","documents":["b"],"top_n":0})", "top_n"},
                             {R"({"query":"a","documents":["b"],"max_chunks":1})", "max_chunks"}})
    EXPECT_EQ(refused(call_of(rerank, body, provider)).param, param) << body;
}

TEST(ApplyTemplate, TellsTheTextOfAChat) {
  TwoPoints provider;
  EXPECT_EQ(json_of(call_of(apply_template, with(R"("temperature":0)"), provider)), (Json{{"prompt", "안녕|"}}));
  const Json with_tools =
      json_of(call_of(apply_template, with(R"("tools":[{"type":"function","function":{"name":"f"}}])"), provider));
  EXPECT_NE(with_tools["prompt"].get<std::string>().find("\"f\""), std::string::npos);
  EXPECT_EQ(refused(call_of(apply_template, "{}", provider)).param, "messages");
  EXPECT_EQ(refused(call_of(apply_template, with(R"("model":"other")"), provider)).status, 404);
  provider.refusal = invalid_data("no such role", "messages");
  EXPECT_EQ(refused(call_of(apply_template, with(R"("n":1)"), provider)).message, "no such role");
}

// A provider that has only to generate says so, and is not asked for more.
TEST(ApplyTemplate, AProviderWithoutATemplateSaysSo) {
  class Bare : public TwoPoints {
   public:
    Result<std::string> render(chat::GenerationRequest request) const override {
      return chat::Provider::render(std::move(request));
    }
    Result<chat::Embeddings> embed(const chat::EmbeddingRequest& request) const override {
      return chat::Provider::embed(request);
    }
  };
  const Bare bare;
  EXPECT_EQ(refused(call_of(apply_template, with(R"("n":1)"), bare)).code, "unsupported_parameter");
  EXPECT_EQ(refused(call_of(create_embeddings, R"({"input":"a"})", bare)).code, "unsupported_parameter");
}

TEST(ByShape, TheFieldThatABodyMustHaveTells) {
  auto asked = [](const char* body) { return by_shape(*parse_body(body)); };
  EXPECT_EQ(asked(R"({"messages":[]})"), Asked(&kOpenAiChat));
  EXPECT_EQ(asked(R"({"prompt":"a"})"), Asked(&kOpenAiCompletions));
  EXPECT_EQ(asked(R"({"input":"a"})"), Asked(&create_embeddings));
  EXPECT_EQ(asked(R"({"query":"a","documents":[]})"), Asked(&rerank));
  EXPECT_FALSE(asked(R"({"inputs":"a"})"));
  EXPECT_EQ(no_shape("instances[0]").param, "instances[0]");
}

}  // namespace
}  // namespace malmoi::protocol
