// What the page that looks into a model asks, and what it is told.
#include "protocol/explore.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "protocol/fields.h"

namespace malmoi::protocol {
namespace {

// Gives always the same, and keeps what it was asked.
class Shown : public chat::Provider {
 public:
  chat::ModelInfo info() const override { return {.name = "m", .context_length = 256}; }
  Status generate(chat::GenerationRequest, chat::TokenSink) override { return {}; }
  chat::ProviderStats stats() const override { return {}; }
  void drain(double) override {}
  Result<chat::Attention> attention(const chat::AttentionRequest& request) const override {
    attention_asked = request;
    return attention_told;
  }
  Result<chat::FilledGaps> fill(const chat::FillRequest& request) const override {
    fill_asked = request;
    return chat::FilledGaps{.mask = "[MASK]", .gaps = {{{7, "sat", 0.5, " sat"}}}, .text = "it sat"};
  }
  Result<chat::ClassifiedText> classify(const chat::ClassifyRequest& request) const override {
    classify_asked = request;
    return classify_told;
  }

  chat::Attention attention_told{
      .kinds = {chat::AttentionKind::kSelf, chat::AttentionKind::kCross},
      .layers = 3,
      .attention_layers = {1},
      .layer = 1,
      .heads = 2,
      .tokens = {{.id = 5, .piece = "a", .bytes = "a"}, {.id = 6, .piece = "?", .bytes = "\xEB"}},
      .source_tokens = {},
      .weights = {{1.0f, 0.0f}, {0.33333f, 0.66667f}}};
  chat::ClassifiedText classify_told{
      .labels = {{"bad", 0.25}, {"good", 0.75}}, .chosen = "good", .held = {}, .explanation = {}};
  mutable chat::AttentionRequest attention_asked;
  mutable chat::FillRequest fill_asked;
  mutable chat::ClassifyRequest classify_asked;
};

Reply post(Call call, const std::string& body, const chat::Provider& provider) {
  return call(*parse_body(body), {}, provider);
}

std::string param_at_fault(const Reply& reply) {
  const auto* error = std::get_if<ApiError>(&reply);
  EXPECT_NE(error, nullptr);
  return error ? error->param : "";
}

TEST(ExploreAttention, IsAskedByTextOrIds) {
  Shown shown;
  ASSERT_TRUE(std::holds_alternative<Json>(post(show_attention, R"({"text":"ab"})", shown)));
  EXPECT_EQ(std::get<std::string>(*shown.attention_asked.text), "ab");
  EXPECT_FALSE(shown.attention_asked.source);
  EXPECT_FALSE(shown.attention_asked.layer);
  EXPECT_EQ(shown.attention_asked.head, -1);
  EXPECT_EQ(shown.attention_asked.kind, chat::AttentionKind::kSelf);
  const char* whole = R"({"model":"m","ids":[1,2],"source":[3],"kind":"cross","layer":2,"head":0})";
  ASSERT_TRUE(std::holds_alternative<Json>(post(show_attention, whole, shown)));
  EXPECT_EQ(std::get<std::vector<int32_t>>(*shown.attention_asked.text), (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(std::get<std::vector<int32_t>>(*shown.attention_asked.source), (std::vector<int32_t>{3}));
  EXPECT_EQ(shown.attention_asked.kind, chat::AttentionKind::kCross);
  EXPECT_EQ(shown.attention_asked.layer, 2);
  EXPECT_EQ(shown.attention_asked.head, 0);
  ASSERT_TRUE(std::holds_alternative<Json>(post(show_attention, R"({"source":"s","kind":"encoder"})", shown)));
  EXPECT_EQ(std::get<std::string>(*shown.attention_asked.source), "s");
  EXPECT_FALSE(shown.attention_asked.text);
}

TEST(ExploreAttention, IsToldWithFourDigits) {
  const Json json = std::get<Json>(post(show_attention, R"({"text":"ab","layer":1,"head":1})", Shown()));
  const char* want = R"({"model":"m","layers":3,"attention_layers":[1],"heads":2,"kinds":["self","cross"],"kind":"self",
                         "layer":1,"head":1,"tokens":[{"id":5,"text":"a","bytes":[97]},{"id":6,"text":"\ufffd","bytes":[235]}],
                         "weights":[[1.0,0.0],[0.3333,0.6667]]})";
  EXPECT_EQ(json, *parse_body(want));
  Shown crossed;
  crossed.attention_told.source_tokens.push_back({.id = 9, .piece = "s", .bytes = "s"});
  const Json with_source = std::get<Json>(post(show_attention, R"({"text":"ab"})", crossed));
  EXPECT_EQ(with_source["source_tokens"][0]["id"], 9);
}

TEST(ExploreAttention, NamesTheFieldAtFault) {
  Shown shown;
  auto at_fault = [&](const char* body) { return param_at_fault(post(show_attention, body, shown)); };
  EXPECT_EQ(at_fault(R"({"text":"a","ids":[1]})"), "ids");
  EXPECT_EQ(at_fault(R"({"ids":[-1]})"), "ids");
  EXPECT_EQ(at_fault(R"({"ids":"1"})"), "ids");
  EXPECT_EQ(at_fault(R"({"text":7})"), "text");
  EXPECT_EQ(at_fault(R"({"text":"a","source":{}})"), "source");
  EXPECT_EQ(at_fault(R"({"text":"a","source":["b"]})"), "source");
  EXPECT_EQ(at_fault(R"({"text":"a","kind":"both"})"), "kind");
  EXPECT_EQ(at_fault(R"({"text":"a","layer":-1})"), "layer");
  EXPECT_EQ(at_fault(R"({"text":"a","head":-2})"), "head");
  EXPECT_EQ(at_fault(R"({"text":"a","heads":1})"), "heads");
  EXPECT_EQ(at_fault(R"({"text":"a","model":"other"})"), "model");
}

TEST(ExploreFill, TellsWordsForEachGap) {
  Shown shown;
  const Json json = std::get<Json>(post(fill_gaps, R"({"text":"it [MASK]"})", shown));
  EXPECT_EQ(shown.fill_asked.text, "it [MASK]");
  EXPECT_EQ(shown.fill_asked.top, 20);
  EXPECT_EQ(json["mask"], "[MASK]");
  EXPECT_EQ(json["text"], "it sat");
  ASSERT_EQ(json["gaps"].size(), 1u) << json;
  ASSERT_EQ(json["gaps"][0].size(), 1u) << json;
  EXPECT_EQ(json["gaps"][0][0]["text"], "sat");
  EXPECT_EQ(json["gaps"][0][0]["id"], 7);
  EXPECT_EQ(json["gaps"][0][0]["probability"], 0.5);
  EXPECT_EQ(json["gaps"][0][0]["bytes"], Json::array({32, 115, 97, 116}));
  EXPECT_EQ(param_at_fault(post(fill_gaps, "{}", shown)), "text");
  EXPECT_EQ(param_at_fault(post(fill_gaps, R"({"text":"a","pair":"b"})", shown)), "pair");
}

TEST(ExploreClassify, TellsLabelsAndShares) {
  Shown shown;
  Json json = std::get<Json>(post(classify_text, R"({"text":"a","pair":"b"})", shown));
  EXPECT_EQ(shown.classify_asked.text, "a");
  EXPECT_EQ(shown.classify_asked.pair, "b");
  EXPECT_EQ(json["chosen"], "good");
  ASSERT_EQ(json["labels"].size(), 2u) << json;
  EXPECT_EQ(json["labels"][0]["name"], "bad");
  EXPECT_EQ(json["labels"][1]["probability"], 0.75);
  EXPECT_FALSE(json.contains("tokens"));
  EXPECT_FALSE(json.contains("held"));
  shown.classify_told.held = std::vector<std::string>{"good"};
  chat::LabelExplanation& explanation = shown.classify_told.explanation.emplace();
  explanation.tokens.push_back({{.id = 5, .piece = "a", .bytes = "\xEC\x9D"}, -0.5});
  explanation.difference = -0.4;
  explanation.gap = 0.1;
  json = std::get<Json>(post(classify_text, R"({"text":"a"})", shown));
  EXPECT_FALSE(shown.classify_asked.pair);
  EXPECT_EQ(json["held"], Json::array({"good"}));
  ASSERT_EQ(json["tokens"].size(), 1u) << json;
  EXPECT_EQ(json["tokens"][0]["text"], "\uFFFD") << "a part of a character";
  EXPECT_EQ(json["tokens"][0]["bytes"], Json::array({0xEC, 0x9D}));
  EXPECT_EQ(json["tokens"][0]["share"], -0.5);
  EXPECT_EQ(json["logit_difference"], -0.4);
  EXPECT_EQ(json["completeness_gap"], 0.1);
  EXPECT_EQ(param_at_fault(post(classify_text, R"({"pair":"b"})", shown)), "text");
}

}  // namespace
}  // namespace malmoi::protocol
