// Responses, chunks, errors and lists of models have the shapes that clients read.
#include <gtest/gtest.h>

#include <cmath>

#include "protocol/openai_chat.h"
#include "protocol/openai_completions.h"
#include "protocol/openai_error.h"
#include "protocol/openai_models.h"
#include "protocol/tokenize.h"

namespace malmoi::protocol {
namespace {

chat::TokenReport token(int32_t id, std::string bytes, double logprob) {
  return {.id = id, .bytes = std::move(bytes), .logprob = logprob, .chance = 0.5};
}

TEST(Printing, CompletionWithLogprobs) {
  GenerationOptions options;
  options.logprobs = options.token_details = true;
  options.top_logprobs = 1;
  chat::TokenReport whole = token(1, "가", -0.5), half = token(2, "\xEB\x82", -1.0);
  whole.top = {token(1, "가", -0.5)};
  Answer answer{.index = 0, .text = "가", .tokens = {whole, half}, .finish_reason = "length"};
  Json json = print_completion({"cmpl-1", "m", 5}, {answer}, {.prompt_tokens = 3, .completion_tokens = 2}, options);
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
  Json json = print_completion({"cmpl-1", "m", 5}, {answer}, {}, options);
  EXPECT_EQ(json["choices"][0]["logprobs"]["text_offset"], (Json::array({0, 1, 1, 2})));
}

TEST(Printing, APromptsFirstTokenHasNoProbability) {
  GenerationOptions options;
  options.logprobs = options.token_details = true;
  options.top_logprobs = 1;
  Answer answer{.text = "a", .tokens = {token(1, "a", std::nan(""))}};
  Json logprobs = print_completion({"cmpl-1", "m", 5}, {answer}, {}, options)["choices"][0]["logprobs"];
  EXPECT_TRUE(logprobs["token_logprobs"][0].is_null());
  EXPECT_TRUE(logprobs["top_logprobs"][0].is_null());
  EXPECT_TRUE(logprobs["content"][0]["logprob"].is_null());
}

TEST(Printing, CompletionStreamCountsOffsetsOn) {
  GenerationOptions options;
  options.logprobs = options.include_usage = true;
  CompletionStream stream({"cmpl-1", "m", 5}, options, 1);
  stream.chunk({.text = "가나", .tokens = {token(1, "가나", 0)}});
  Json json = stream.chunk({.text = "다", .tokens = {token(2, "다", 0)}, .finish_reason = "stop"});
  EXPECT_EQ(json["choices"][0]["logprobs"]["text_offset"], (Json::array({2})));
  EXPECT_TRUE(json["choices"][0]["logprobs"]["top_logprobs"].is_null());
  EXPECT_TRUE(json["usage"].is_null());
  Json last = stream.usage_chunk({.prompt_tokens = 1, .completion_tokens = 2, .cached_tokens = 1});
  EXPECT_EQ(last["usage"]["prompt_tokens_details"]["cached_tokens"], 1);
  EXPECT_TRUE(last["choices"].empty());
  EXPECT_EQ(last["usage"]["total_tokens"], 3);
}

TEST(Printing, ChatAndItsChunks) {
  GenerationOptions options;
  options.logprobs = true;
  options.top_logprobs = 1;
  chat::TokenReport t = token(1, "네", -0.1);
  t.top = {token(1, "네", -0.1)};
  Json whole =
      print_chat({"chatcmpl-1", "m", 5}, {{.text = "네", .tokens = {t}, .finish_reason = "stop"}}, {1, 1}, options);
  EXPECT_EQ(whole["object"], "chat.completion");
  EXPECT_EQ(whole["choices"][0]["message"]["content"], "네");
  EXPECT_EQ(whole["choices"][0]["logprobs"]["content"][0]["top_logprobs"][0]["token"], "네");
  EXPECT_FALSE(whole["choices"][0]["logprobs"]["content"][0].contains("id"));
  ChatStream stream({"chatcmpl-1", "m", 5}, options);
  EXPECT_EQ(stream.role_chunk(0)["choices"][0]["delta"]["role"], "assistant");
  Json piece = stream.chunk({.text = "네", .tokens = {t}});
  EXPECT_EQ(piece["object"], "chat.completion.chunk");
  EXPECT_EQ(piece["choices"][0]["delta"]["content"], "네");
  EXPECT_TRUE(piece["choices"][0]["finish_reason"].is_null());
  Json end = stream.chunk({.finish_reason = "stop"});
  EXPECT_TRUE(end["choices"][0]["delta"].empty());
  EXPECT_EQ(end["choices"][0]["finish_reason"], "stop");
}

TEST(Printing, ErrorsHaveTheFourFields) {
  Json json = print_error(to_api_error(unsupported("'tools' is not supported", "tools", "leave it out")))["error"];
  EXPECT_EQ(json["message"], "'tools' is not supported; leave it out");
  EXPECT_EQ(json["type"], "invalid_request_error");
  EXPECT_EQ(json["param"], "tools");
  EXPECT_EQ(json["code"], "unsupported_parameter");
  EXPECT_TRUE(print_error({.message = "m"})["error"]["param"].is_null());
  EXPECT_EQ(to_api_error(internal_error("x")).status, 500);
  EXPECT_EQ(to_api_error(not_found("x")).status, 404);
  EXPECT_EQ(to_api_error({ErrorCode::kCancelled, "x", "", ""}).status, 503);
}

TEST(Tokenize, ReadsAndPrints) {
  auto request = parse_tokenize(*parse_body(R"({"content":"가","with_pieces":true,"parse_special":false})"));
  ASSERT_TRUE(request.ok());
  EXPECT_TRUE(request->with_pieces && !request->parse_special && !request->add_special);
  EXPECT_FALSE(parse_tokenize(*parse_body("{}")).ok());
  EXPECT_EQ(print_tokenized({{.id = 4}, {.id = 5}}, false)["tokens"], (Json::array({4, 5})));
  Json pieces = print_tokenized({{4, "ê°Ģ", "가", false}}, true);
  EXPECT_EQ(pieces["tokens"][0]["text"], "가");
  EXPECT_EQ(pieces["count"], 1);
  EXPECT_EQ(parse_detokenize(*parse_body(R"({"tokens":[1,2]})"))->ids.size(), 2u);
  for (const char* wrong : {"{}", R"({"tokens":[-1]})", R"({"tokens":"a"})", R"({"tokens":[1.5]})"})
    EXPECT_FALSE(parse_detokenize(*parse_body(wrong)).ok()) << wrong;
}

TEST(Models, List) {
  Json json = print_models({{"m", 5, 256}});
  EXPECT_EQ(json["object"], "list");
  EXPECT_EQ(json["data"][0]["id"], "m");
  EXPECT_EQ(json["data"][0]["max_model_len"], 256);
}

}  // namespace
}  // namespace malmoi::protocol
