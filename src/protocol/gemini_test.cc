// Responses, streams, errors and lists of models have the shapes that Google's clients read.
#include "protocol/gemini.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "protocol/gemini_calls.h"
#include "protocol/gemini_error.h"
#include "protocol/test_requests.h"

namespace malmoi::protocol {
namespace {

constexpr const char* kHead = R"("modelVersion":"m","responseId":"ID"})";

std::vector<std::string> texts_of(const std::vector<StreamEvent>& events) {
  std::vector<std::string> texts;
  for (const StreamEvent& event : events) {
    EXPECT_TRUE(event.name.empty());
    texts.push_back(dump_json(event.json));
  }
  return texts;
}

TEST(Gemini, AWholeResponse) {
  const Answer first{.text = "네", .reasoning = "hm", .finish_reason = "stop"};
  const Answer second{.index = 1, .finish_reason = "length"};
  const Told told{.usage = {.prompt_tokens = 3, .completion_tokens = 2, .cached_tokens = 1}};
  GenerationOptions options;
  EXPECT_EQ(
      dump_json(printer_of(kGemini, options, 2)->whole({first, second}, told)),
      std::string(
          R"({"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"네"}],"role":"model"},"finishReason":"STOP","index":0},)"
          R"({"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"MAX_TOKENS","index":1}],)"
          R"("usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"totalTokenCount":5,"cachedContentTokenCount":1},)") +
          kHead);
  options.include_thoughts = false;
  const Json without = printer_of(kGemini, options)->whole({first}, {});
  EXPECT_EQ(dump_json(without["candidates"][0]["content"]["parts"]), R"([{"text":"네"}])");
  EXPECT_FALSE(without["usageMetadata"].contains("cachedContentTokenCount"));
  EXPECT_FALSE(without["usageMetadata"].contains("thoughtsTokenCount"));
}

TEST(Gemini, ThoughtsAreCountedApart) {
  const Told told{.usage = {.prompt_tokens = 3, .completion_tokens = 5, .reasoning_tokens = 2}};
  const Json usage = printer_of(kGemini)->whole({{.text = "a", .finish_reason = "stop"}}, told)["usageMetadata"];
  EXPECT_EQ(usage["candidatesTokenCount"], 3);
  EXPECT_EQ(usage["thoughtsTokenCount"], 2);
  EXPECT_EQ(usage["totalTokenCount"], 8);
}

TEST(Gemini, CallsArePartsWithArguments) {
  Answer answer{.text = "So", .finish_reason = "tool_calls"};
  answer.calls = {{.id = "call_1", .name = "f", .arguments = R"({"x":1})"}, {.id = "call_2", .name = "g"}};
  const Json candidate = printer_of(kGemini)->whole({answer}, {})["candidates"][0];
  EXPECT_EQ(
      dump_json(candidate["content"]["parts"]),
      R"([{"text":"So"},{"functionCall":{"id":"call_1","name":"f","args":{"x":1}}},{"functionCall":{"id":"call_2","name":"g","args":{}}}])");
  EXPECT_EQ(candidate["finishReason"], "STOP");
}

TEST(Gemini, TextBehindACallIsAPartOfItsOwn) {
  Answer answer{.text = "ab", .finish_reason = "tool_calls"};
  answer.calls = {{.id = "c", .name = "f", .arguments = "{}"}};
  answer.call_places = {{.text = 1}};
  EXPECT_EQ(dump_json(printer_of(kGemini)->whole({answer}, {})["candidates"][0]["content"]["parts"]),
            R"([{"text":"a"},{"functionCall":{"id":"c","name":"f","args":{}}},{"text":"b"}])");
}

TEST(Gemini, LogprobsOfChosenAndTopTokens) {
  chat::TokenReport whole = token(1, "가", -0.5), half = token(2, "\xEB\x82", -1.5);
  whole.top = {token(1, "가", -0.5), token(7, "b", -2)};
  const Answer answer{.text = "가", .tokens = {whole, half}, .finish_reason = "stop"};
  const Json candidate = printer_of(kGemini)->whole({answer}, {})["candidates"][0];
  EXPECT_EQ(candidate["avgLogprobs"], -1.0);
  const Json& result = candidate["logprobsResult"];
  EXPECT_EQ(result["logProbabilitySum"], -2.0);
  EXPECT_EQ(dump_json(result["chosenCandidates"][0]), R"({"token":"가","tokenId":1,"logProbability":-0.5})");
  EXPECT_EQ(result["chosenCandidates"][1]["token"], "\xEF\xBF\xBD");
  ASSERT_EQ(result["topCandidates"].size(), 2u);
  EXPECT_EQ(result["topCandidates"][0]["candidates"][1]["tokenId"], 7);
  EXPECT_TRUE(result["topCandidates"][1]["candidates"].empty());
}

TEST(Gemini, AStreamTellsPiecesAndEndsWithTheUsage) {
  const auto printer = printer_of(kGeminiStream, {}, 2);
  EXPECT_TRUE(printer->opening({}).empty());
  EXPECT_EQ(
      texts_of(printer->piece({.reasoning = "hm"})),
      (std::vector<std::string>{
          std::string(
              R"({"candidates":[{"content":{"parts":[{"text":"hm","thought":true}],"role":"model"},"index":0}],)") +
          kHead}));
  EXPECT_EQ(
      texts_of(printer->piece({.index = 1, .text = "네", .finish_reason = "length"})),
      (std::vector<std::string>{
          std::string(R"({"candidates":[{"content":{"parts":[{"text":"네"}],"role":"model"},"index":1}],)") + kHead}));
  Answer calling{.finish_reason = "tool_calls"};
  calling.calls = {{.id = "c", .name = "f", .arguments = "{}"}};
  EXPECT_EQ(
      texts_of(printer->piece(calling)),
      (std::vector<std::string>{
          std::string(
              R"({"candidates":[{"content":{"parts":[{"functionCall":{"id":"c","name":"f","args":{}}}],"role":"model"},"index":0}],)") +
          kHead}));
  EXPECT_EQ(
      texts_of(printer->closing({.usage = {.prompt_tokens = 1, .completion_tokens = 2}})),
      (std::vector<std::string>{
          std::string(
              R"({"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0},)"
              R"({"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"MAX_TOKENS","index":1}],)"
              R"("usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2,"totalTokenCount":3},)") +
          kHead}));
}

TEST(Gemini, NoEventIsWithoutPartsAndNoTokenIsLost) {
  GenerationOptions options;
  options.logprobs = true;
  options.include_thoughts = false;
  const auto printer = printer_of(kGeminiStream, options);
  EXPECT_TRUE(printer->piece({.reasoning = "hm", .tokens = {token(1, "hm", -1)}}).empty());
  EXPECT_TRUE(printer->piece({.tokens = {token(2, "\xEA", -1)}}).empty());
  const Json piece = printer->piece({.text = "가", .tokens = {token(3, "\xB0\x80", -1)}}).at(0).json;
  EXPECT_EQ(piece["candidates"][0]["logprobsResult"]["chosenCandidates"].size(), 3u);
  EXPECT_TRUE(printer->piece({.tokens = {token(4, "", -1)}, .finish_reason = "stop"}).empty());
  const Json last = printer->closing({}).at(0).json;
  EXPECT_EQ(last["candidates"][0]["logprobsResult"]["chosenCandidates"][0]["tokenId"], 4);
  EXPECT_EQ(last["candidates"][0]["finishReason"], "STOP");
}

TEST(Gemini, AStreamThatFailsEndsWithTheError) {
  EXPECT_EQ(texts_of(printer_of(kGeminiStream)->failure({.status = 503, .message = "no more"})),
            (std::vector<std::string>{R"({"error":{"code":503,"message":"no more","status":"UNAVAILABLE"}})"}));
}

TEST(GeminiError, NamesTheFieldAndTheStatus) {
  EXPECT_EQ(
      dump_json(print_gemini_error({.message = "is wrong", .param = "contents"})),
      R"({"error":{"code":400,"message":"contents: is wrong","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest",)"
      R"("fieldViolations":[{"field":"contents","description":"is wrong"}]}]}})");
  struct Case {
    int status;
    const char* name;
  };
  for (const Case& one : {Case{401, "UNAUTHENTICATED"}, Case{403, "PERMISSION_DENIED"}, Case{404, "NOT_FOUND"},
                          Case{415, "INVALID_ARGUMENT"}, Case{429, "RESOURCE_EXHAUSTED"}, Case{500, "INTERNAL"},
                          Case{501, "UNIMPLEMENTED"}, Case{503, "UNAVAILABLE"}})
    EXPECT_EQ(print_gemini_error({.status = one.status, .message = "m"})["error"]["status"], one.name);
}

// Counts the characters of the last message.
class Counter : public chat::Provider {
 public:
  chat::ModelInfo info() const override { return {.name = "org/m", .created = 5, .context_length = 256}; }
  Status generate(chat::GenerationRequest, chat::TokenSink) override { return {}; }
  chat::ProviderStats stats() const override { return {}; }
  void drain(double) override {}
  Result<chat::GenerationRequest> prepare(chat::GenerationRequest request) const override {
    if (counts)
      request.prompt = std::vector<int32_t>(std::get<std::vector<chat::Message>>(request.prompt).back().content.size());
    return request;
  }
  bool counts = true;
};

TEST(GeminiCalls, ModelsAreListedAndShown) {
  const Counter provider;
  const Json model = json_of(show_gemini_model({}, {.name = "org/m"}, provider));
  EXPECT_EQ(model["name"], "models/org/m");
  EXPECT_EQ(model["displayName"], "org/m");
  EXPECT_EQ(model["inputTokenLimit"], 256);
  EXPECT_EQ(model["outputTokenLimit"], 256);
  EXPECT_EQ(model["supportedGenerationMethods"][0], "generateContent");
  const Json list = json_of(list_gemini_models({}, {}, provider));
  ASSERT_EQ(list["models"].size(), 1u);
  EXPECT_EQ(list["models"][0], model);
  EXPECT_EQ(json_of(show_gemini_model({}, {.name = "models/org/m"}, provider)), model);
  EXPECT_EQ(std::get<ApiError>(show_gemini_model({}, {.name = "other"}, provider)).status, 404);
}

TEST(GeminiCalls, TokensAreCountedAsTheModelReadsThem) {
  Counter provider;
  auto count = [&](const std::string& body, const char* name = "org/m") {
    return count_gemini_tokens(*parse_body(body), {.name = name}, provider);
  };
  const std::string contents = R"("contents":[{"parts":[{"text":"abc"}]}])";
  EXPECT_EQ(dump_json(json_of(count("{" + contents + "}"))),
            R"({"totalTokens":3,"promptTokensDetails":[{"modality":"TEXT","tokenCount":3}]})");
  for (const char* key : {"generateContentRequest", "generate_content_request"}) {
    const std::string body = "{\"" + std::string(key) + R"(":{"model":"models/org/m",)" + contents + "}}";
    EXPECT_EQ(json_of(count(body))["totalTokens"], 3) << body;
  }
  EXPECT_EQ(std::get<ApiError>(count("{}")).param, "contents");
  EXPECT_EQ(std::get<ApiError>(count(R"({"generateContentRequest":1})")).param, "generateContentRequest");
  EXPECT_EQ(std::get<ApiError>(count("{" + contents + "}", "other")).status, 404);
  provider.counts = false;
  EXPECT_EQ(std::get<ApiError>(count("{" + contents + "}")).status, 400);
}

}  // namespace
}  // namespace malmoi::protocol
