// Responses, chunks, errors and lists of models have the shapes that clients read.
#include <gtest/gtest.h>

#include <cmath>

#include "protocol/openai_error.h"
#include "protocol/openai_models.h"
#include "protocol/stream_text.h"
#include "protocol/test_requests.h"
#include "protocol/tokenize.h"

namespace malmoi::protocol {
namespace {

TEST(Printing, CompletionWithLogprobs) {
  GenerationOptions options;
  options.logprobs = options.token_details = true;
  options.top_logprobs = 1;
  chat::TokenReport whole = token(1, "가", -0.5), half = token(2, "\xEB\x82", -1.0);
  whole.top = {token(1, "가", -0.5)};
  Answer answer{.index = 0, .text = "가", .tokens = {whole, half}, .finish_reason = "length"};
  Json json =
      printer_of(kOpenAiCompletions, options)->whole({answer}, {.usage = {.prompt_tokens = 3, .completion_tokens = 2}});
  EXPECT_EQ(json["object"], "text_completion");
  EXPECT_EQ(json["usage"]["total_tokens"], 5);
  const Json& logprobs = json["choices"][0]["logprobs"];
  EXPECT_EQ(logprobs["tokens"], (Json::array({"가", "bytes:\\xeb\\x82"})));
  EXPECT_EQ(logprobs["text_offset"], (Json::array({0, 1})));
  EXPECT_EQ(logprobs["token_logprobs"][1], -1.0);
  EXPECT_EQ(logprobs["top_logprobs"][0]["가"], -0.5);
  EXPECT_EQ(logprobs["content"][1]["bytes"], (Json::array({0xEB, 0x82})));
  EXPECT_EQ(logprobs["content"][0]["top_logprobs"][0]["id"], 1);
  EXPECT_EQ(json["choices"][0]["finish_reason"], "length");
}

TEST(Printing, OffsetsCountCharactersWhereverTheirBytesAreCut) {
  GenerationOptions options;
  options.logprobs = true;
  Answer answer{.text = "오늘",
                .tokens = {token(1, "\xEC", 0), token(2, "\x98\xA4", 0), token(3, "늘", 0), token(4, " ", 0)}};
  Json json = printer_of(kOpenAiCompletions, options)->whole({answer}, {});
  EXPECT_EQ(json["choices"][0]["logprobs"]["text_offset"], (Json::array({0, 1, 1, 2})));
}

TEST(Printing, APromptsFirstTokenHasNoProbability) {
  GenerationOptions options;
  options.logprobs = options.token_details = true;
  options.top_logprobs = 1;
  Answer answer{.text = "a", .tokens = {token(1, "a", std::nan(""))}};
  Json logprobs = printer_of(kOpenAiCompletions, options)->whole({answer}, {})["choices"][0]["logprobs"];
  EXPECT_TRUE(logprobs["token_logprobs"][0].is_null());
  EXPECT_TRUE(logprobs["top_logprobs"][0].is_null());
  EXPECT_TRUE(logprobs["content"][0]["logprob"].is_null());
}

TEST(Printing, CompletionStreamCountsOffsetsOn) {
  GenerationOptions options;
  options.logprobs = options.include_usage = true;
  const auto printer = printer_of(kOpenAiCompletions, options);
  printer->piece({.text = "가나", .tokens = {token(1, "가나", 0)}});
  Json json = printer->piece({.text = "다", .tokens = {token(2, "다", 0)}, .finish_reason = "stop"})[0].json;
  EXPECT_EQ(json["choices"][0]["logprobs"]["text_offset"], (Json::array({2})));
  EXPECT_TRUE(json["choices"][0]["logprobs"]["top_logprobs"].is_null());
  EXPECT_TRUE(json["usage"].is_null());
  Json last = printer->closing({.usage = {.prompt_tokens = 1, .completion_tokens = 2, .cached_tokens = 1}})[0].json;
  EXPECT_EQ(last["usage"]["prompt_tokens_details"]["cached_tokens"], 1);
  EXPECT_EQ(last["usage"]["completion_tokens_details"]["reasoning_tokens"], 0);
  EXPECT_TRUE(last["choices"].empty());
  EXPECT_EQ(last["usage"]["total_tokens"], 3);
}

TEST(Printing, ChatAndItsChunks) {
  GenerationOptions options;
  options.logprobs = true;
  options.top_logprobs = 1;
  chat::TokenReport t = token(1, "네", -0.1);
  t.top = {token(1, "네", -0.1)};
  const auto printer = printer_of(kOpenAiChat, options);
  Json whole = printer->whole({{.text = "네", .tokens = {t}, .finish_reason = "stop"}}, {});
  EXPECT_EQ(whole["object"], "chat.completion");
  EXPECT_EQ(whole["choices"][0]["message"]["content"], "네");
  EXPECT_EQ(whole["choices"][0]["logprobs"]["content"][0]["top_logprobs"][0]["token"], "네");
  EXPECT_FALSE(whole["choices"][0]["logprobs"]["content"][0].contains("id"));
  EXPECT_EQ(printer->opening({}).at(0).json["choices"][0]["delta"]["role"], "assistant");
  Json piece = printer->piece({.text = "네", .tokens = {t}})[0].json;
  EXPECT_EQ(piece["object"], "chat.completion.chunk");
  EXPECT_EQ(piece["choices"][0]["delta"]["content"], "네");
  EXPECT_TRUE(piece["choices"][0]["finish_reason"].is_null());
  Json end = printer->piece({.finish_reason = "stop"})[0].json;
  EXPECT_TRUE(end["choices"][0]["delta"].empty());
  EXPECT_EQ(end["choices"][0]["finish_reason"], "stop");
}

TEST(Printing, TokensOfThoughtsAreCountedAmongTheOthers) {
  const Json usage = print_usage({.prompt_tokens = 1, .completion_tokens = 5, .reasoning_tokens = 3});
  EXPECT_EQ(usage["completion_tokens"], 5);
  EXPECT_EQ(usage["completion_tokens_details"]["reasoning_tokens"], 3);
}

TEST(Printing, ArgumentsThatAreNoObjectAreKeptInOne) {
  auto printed = [](const char* arguments) { return dump_json(arguments_of({.arguments = arguments})); };
  EXPECT_EQ(printed(R"({"x":1})"), R"({"x":1})");
  EXPECT_EQ(printed(""), "{}");
  EXPECT_EQ(printed("left"), R"({"arguments":"left"})");
  EXPECT_EQ(printed("[1]"), R"({"arguments":"[1]"})");
}

TEST(Printing, ErrorsHaveTheFourFields) {
  Json json =
      print_openai_error(to_api_error(unsupported("'tools' is not supported", "tools", "leave it out")))["error"];
  EXPECT_EQ(json["message"], "'tools' is not supported; leave it out");
  EXPECT_EQ(json["type"], "invalid_request_error");
  EXPECT_EQ(json["param"], "tools");
  EXPECT_EQ(json["code"], "unsupported_parameter");
  EXPECT_TRUE(print_openai_error({.message = "m"})["error"]["param"].is_null());
  EXPECT_EQ(to_api_error(internal_error("x")).status, 500);
  EXPECT_EQ(to_api_error(not_found("x")).status, 404);
  EXPECT_EQ(to_api_error({ErrorCode::kCancelled, "x", "", ""}).status, 503);
}

// Knows two texts and two tokens.
class TwoTokens : public chat::Provider {
 public:
  chat::ModelInfo info() const override { return {.name = "m", .created = 5, .context_length = 256}; }
  Status generate(chat::GenerationRequest, chat::TokenSink) override { return {}; }
  chat::ProviderStats stats() const override { return {}; }
  void drain(double) override {}
  Result<std::vector<chat::TokenPiece>> tokenize(const chat::TokenizeRequest& request) const override {
    asked = request;
    return std::vector<chat::TokenPiece>{{4, "ê°Ģ", "가", false}, {.id = 5}};
  }
  Result<std::string> detokenize(std::span<const int32_t> ids) const override { return std::to_string(ids.size()); }
  mutable chat::TokenizeRequest asked;
};

TEST(Tokenize, ReadsAndPrints) {
  const TwoTokens provider;
  auto tokenized = [&](const char* body) { return tokenize(*parse_body(body), {}, provider); };
  Json pieces = json_of(tokenized(R"({"content":"가","with_pieces":true,"parse_special":false})"));
  EXPECT_TRUE(provider.asked.with_pieces && !provider.asked.parse_special && !provider.asked.add_special);
  EXPECT_EQ(pieces["tokens"][0]["text"], "가");
  EXPECT_EQ(pieces["count"], 2);
  EXPECT_EQ(json_of(tokenized(R"({"prompt":"가"})"))["tokens"], (Json::array({4, 5})));
  EXPECT_EQ(std::get<ApiError>(tokenized("{}")).param, "content");

  auto text_of = [&](const char* body) { return detokenize(*parse_body(body), {}, provider); };
  EXPECT_EQ(json_of(text_of(R"({"tokens":[1,2]})"))["content"], "2");
  for (const char* wrong : {"{}", R"({"tokens":[-1]})", R"({"tokens":"a"})", R"({"tokens":[1.5]})"})
    EXPECT_EQ(std::get<ApiError>(text_of(wrong)).status, 400) << wrong;
}

TEST(Models, AreListedAndShown) {
  const TwoTokens provider;
  Json list = json_of(list_models({}, {}, provider));
  EXPECT_EQ(list["object"], "list");
  EXPECT_EQ(list["data"][0]["id"], "m");
  EXPECT_EQ(list["data"][0]["max_model_len"], 256);
  EXPECT_EQ(list["data"][0]["type"], "model");
  EXPECT_EQ(list["data"][0]["display_name"], "m");
  EXPECT_EQ(list["data"][0]["created"], 5);
  EXPECT_EQ(list["data"][0]["created_at"], "1970-01-01T00:00:05Z");
  EXPECT_EQ(list["has_more"], false);
  EXPECT_EQ(list["first_id"], "m");
  EXPECT_EQ(list["last_id"], "m");
  EXPECT_EQ(json_of(show_model({}, {.name = "m"}, provider)), list["data"][0]);
  EXPECT_EQ(std::get<ApiError>(show_model({}, {.name = "other"}, provider)).status, 404);
}

TEST(StreamText, EventsStandAsTheirFormHasThem) {
  const std::vector<StreamEvent> two = {{.name = "a", .json = 1}, {.json = Json::object()}};
  auto text = [&](StreamForm form, bool whole) {
    StreamText stream(form);
    std::string all = stream.print(two);
    all += stream.print(two);
    return all + stream.end(whole);
  };
  EXPECT_EQ(text(StreamForm::kEvents, true), "event: a\ndata: 1\n\ndata: {}\n\nevent: a\ndata: 1\n\ndata: {}\n\n");
  EXPECT_TRUE(text(StreamForm::kEventsThenDone, true).ends_with("data: {}\n\ndata: [DONE]\n\n"));
  EXPECT_TRUE(text(StreamForm::kEventsThenDone, false).ends_with("data: {}\n\n"));
  EXPECT_EQ(text(StreamForm::kLines, true), "1\n{}\n1\n{}\n");
  EXPECT_EQ(text(StreamForm::kArray, true), "[1,\n{},\n1,\n{}]\n");
  EXPECT_EQ(StreamText(StreamForm::kArray).end(true), "[]\n");
}

}  // namespace
}  // namespace malmoi::protocol
