// Answers in Ollama's form: whole, line by line, and failing.
#include "protocol/ollama_answers.h"

#include <gtest/gtest.h>

#include "protocol/ollama_chat.h"
#include "protocol/ollama_generate.h"
#include "protocol/test_requests.h"

namespace malmoi::protocol {
namespace {

const Told kTimed{.usage = {.prompt_tokens = 3, .completion_tokens = 2}, .first_seconds = 0.25, .seconds = 1};

// The only one of a list, without the time at which it was printed, which has the form that clients read.
Json line_of(const std::vector<StreamEvent>& events) {
  EXPECT_EQ(events.size(), 1u);
  if (events.empty()) return {};
  EXPECT_EQ(events[0].name, "");
  Json line = events[0].json;
  if (!line.contains("created_at")) return line;
  const std::string time = line["created_at"];
  EXPECT_EQ(time.size(), std::string("2026-11-27T08:14:34.000250Z").size()) << time;
  EXPECT_TRUE(time[10] == 'T' && time[19] == '.' && time.back() == 'Z') << time;
  line.erase("created_at");
  return line;
}

std::string text_of(const std::vector<StreamEvent>& events) { return dump_json(line_of(events)); }

TEST(OllamaAnswers, AChatIsToldWhole) {
  Answer answer{.text = "네", .reasoning = "hm", .calls = {{"c1", "f", R"({"x":1})"}}, .finish_reason = "tool_calls"};
  const Json json = line_of({{.json = printer_of(kOllamaChat)->whole({answer}, kTimed)}});
  EXPECT_EQ(dump_json(json),
            R"({"model":"m","message":{"role":"assistant","content":"네","thinking":"hm","tool_calls":[{"id":"c1",)"
            R"("function":{"index":0,"name":"f","arguments":{"x":1}}}]},"done":true,"done_reason":"stop",)"
            R"("total_duration":1000000000,"load_duration":0,"prompt_eval_count":3,"prompt_eval_duration":250000000,)"
            R"("eval_count":2,"eval_duration":750000000})");
}

TEST(OllamaAnswers, AGeneratedTextIsToldWhole) {
  Answer answer{.text = "네", .reasoning = "hm", .finish_reason = "length"};
  const Json json = line_of({{.json = printer_of(kOllamaGenerate)->whole({answer}, kTimed)}});
  EXPECT_EQ(json["response"], "네");
  EXPECT_EQ(json["thinking"], "hm");
  EXPECT_EQ(json["done_reason"], "length");
  EXPECT_FALSE(json.contains("message"));
}

TEST(OllamaAnswers, AStreamIsLinesOfWhichTheLastCounts) {
  const auto printer = printer_of(kOllamaChat);
  EXPECT_TRUE(printer->opening({}).empty());
  EXPECT_EQ(text_of(printer->piece({.reasoning = "hm"})),
            R"({"model":"m","message":{"role":"assistant","content":"","thinking":"hm"},"done":false})");
  EXPECT_EQ(text_of(printer->piece({.text = "So"})),
            R"({"model":"m","message":{"role":"assistant","content":"So"},"done":false})");
  const Json call = line_of(printer->piece({.calls = {{"c2", "g", ""}}, .first_call = 1}));
  EXPECT_EQ(dump_json(call["message"]["tool_calls"]),
            R"([{"id":"c2","function":{"index":1,"name":"g","arguments":{}}}])");
  EXPECT_EQ(text_of(printer->piece({.text = "!", .finish_reason = "length"})),
            R"({"model":"m","message":{"role":"assistant","content":"!"},"done":false})");
  const Json last = line_of(printer->closing(kTimed));
  EXPECT_EQ(last["message"]["content"], "");
  EXPECT_EQ(last["done"], true);
  EXPECT_EQ(last["done_reason"], "length");
  EXPECT_EQ(last["eval_count"], 2);
}

TEST(OllamaAnswers, AnEndAloneIsToldWithTheLastLine) {
  const auto printer = printer_of(kOllamaGenerate);
  EXPECT_TRUE(printer->piece({.finish_reason = "stop"}).empty());
  const Json last = line_of(printer->closing(kTimed));
  EXPECT_EQ(last["response"], "");
  EXPECT_EQ(last["done_reason"], "stop");
}

TEST(OllamaAnswers, TokensAreToldWhereTheyAreAskedFor) {
  GenerationOptions options;
  options.logprobs = true;
  chat::TokenReport token{.id = 1, .bytes = "네", .logprob = -0.5};
  token.top.push_back({.id = 2, .bytes = "가", .logprob = -0.25});
  const Json line = line_of(printer_of(kOllamaGenerate, options)->piece({.tokens = {token}}));
  EXPECT_EQ(dump_json(line["logprobs"]),
            R"([{"token":"네","logprob":-0.5,"bytes":[235,132,164],"top_logprobs":[{"token":"가","logprob":-0.25,)"
            R"("bytes":[234,176,128]}]}])");
  EXPECT_TRUE(printer_of(kOllamaGenerate)->piece({.tokens = {token}}).empty());
}

TEST(OllamaAnswers, TimesAreNeverWhatClientsCannotDivideBy) {
  const auto printer = printer_of(kOllamaChat);
  const Json last =
      line_of(printer->closing({.usage = {.completion_tokens = 1}, .first_seconds = 0.5, .seconds = 0.5}));
  EXPECT_EQ(last["prompt_eval_duration"], 500000000);
  EXPECT_EQ(last["eval_duration"], 1);
}

TEST(OllamaAnswers, ARequestForNothingLoadsTheModel) {
  EXPECT_EQ(text_of({{.json = printer_of(kOllamaChat)->whole({}, {})}}),
            R"({"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"load"})");
  EXPECT_EQ(text_of({{.json = printer_of(kOllamaGenerate)->whole({}, {})}}),
            R"({"model":"m","response":"","done":true,"done_reason":"load"})");
}

TEST(OllamaAnswers, FailuresAreOneText) {
  EXPECT_EQ(dump_json(print_ollama_error({.message = "no room"})), R"({"error":"no room"})");
  EXPECT_EQ(text_of(printer_of(kOllamaChat)->failure({.message = "is none", .param = "options.top_k"})),
            R"({"error":"options.top_k: is none"})");
}

}  // namespace
}  // namespace malmoi::protocol
