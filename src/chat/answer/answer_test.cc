// Answers of each family, whole and character by character: the same is told, and never a part of a marker.
#include "chat/answer/answer_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace malmoi::chat {
namespace {

// c: content, r: reasoning, t: name(arguments).
std::string told(const std::vector<AnswerEvent>& events) {
  std::string out;
  char last = 0;
  for (const AnswerEvent& event : events) {
    char kind = event.kind == AnswerEvent::Kind::kContent     ? 'c'
                : event.kind == AnswerEvent::Kind::kReasoning ? 'r'
                                                              : 't';
    if (kind != last || kind == 't') out += std::string(out.empty() ? "" : "|") + kind + ":";
    out += kind == 't' ? event.call.name + "(" + event.call.arguments + ")" : event.text;
    last = kind;
  }
  return out;
}

std::string parsed(const AnswerFamily& family, std::string_view prompt, std::string_view answer, size_t step) {
  auto parser = family.parser({.prompt = prompt});
  std::vector<AnswerEvent> events;
  auto add = [&](std::vector<AnswerEvent> more) { events.insert(events.end(), more.begin(), more.end()); };
  for (size_t at = 0; at < answer.size(); at += step) add(parser->push(answer.substr(at, step)));
  add(parser->finish());
  return told(events);
}

struct Case {
  const char* family;
  const char* source;  // a piece of a template
  const char* prompt;
  const char* answer;
  const char* expected;
};

constexpr Case kCases[] = {
    {"hermes", "<tool_call>", "", "Hi\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>",
     "c:Hi|t:f({\"x\":1})"},
    {"hermes", "<tool_call>", "", "<think>\na b\n</think>\n\nYes < no", "r:a b|c:Yes < no"},
    {"hermes", "<tool_call>", "assistant\n<think>\n", "a\n</think>\n\nYes", "r:a|c:Yes"},
    {"hermes", "<tool_call>", "", "<tool_call>oops</tool_call> x", "c:<tool_call>oops</tool_call> x"},
    {"hermes", "<tool_call>", "", "Hi\n\n<tool_call>oops</tool_call>\nx", "c:Hi\n\n<tool_call>oops</tool_call>\nx"},
    {"hermes", "<tool_call>", "", "a <tool", "c:a <tool"},
    {"llama3", "<|python_tag|>", "",
     "{\"name\": \"f\", \"parameters\": {\"a\": \";\"}}; {\"name\": \"g\", \"parameters\": {}}",
     "t:f({\"a\":\";\"})|t:g({})"},
    {"llama3", "<|python_tag|>", "", "<|python_tag|>{\"name\": \"f\", \"parameters\": {}}<|eom_id|>", "t:f({})"},
    {"llama3", "<|python_tag|>", "",
     "{\"name\": \"f\", \"parameters\": {\"a\": \"\\\";\"}};{\"name\": \"g\", \"parameters\": {}};",
     "t:f({\"a\":\"\\\";\"})|t:g({})"},
    {"llama3", "<|python_tag|>", "", "{not json}", "c:{not json}"},
    {"llama3", "<|python_tag|>", "", "{\"a\": \"\\", "c:{\"a\": \"\\"},
    {"llama3", "<|python_tag|>", "", "Use {x}.", "c:Use {x}."},
    {"mistral", "[TOOL_CALLS]", "", "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {\"x\": 1}, \"id\": \"a\"}]",
     "t:f({\"x\":1})"},
    {"mistral", "[TOOL_CALLS]", "", "[TOOL_CALLS]f[ARGS]{\"x\": 1}[TOOL_CALLS]g[CALL_ID]c[ARGS]{}",
     "t:f({\"x\":1})|t:g({})"},
    {"mistral", "[TOOL_CALLS]", "", "[THINK]a[/THINK]b [1]", "r:a|c:b [1]"},
    {"deepseek", "<｜Assistant｜>", "<｜Assistant｜><think>\n",
     "a</think>b<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{\"x\": "
     "1}\n```<｜tool▁call▁end｜>\n"
     "<｜tool▁call▁begin｜>function<｜tool▁sep｜>g\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
     "r:a|c:b|t:f({\"x\":1})|t:g({})"},
    {"deepseek", "<｜Assistant｜>", "", "<think>a</think>\nb", "r:a|c:b"},
    {"deepseek", "<｜tool▁call▁begin｜>", "",
     "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"x\": 1}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
     "t:f({\"x\":1})"},
    {"deepseek", "<｜tool▁call▁begin｜>", "",
     "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"x\": "
     "\"```json\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
     "t:f({\"x\":\"```json\"})"},
    {"deepseek", "<｜tool▁call▁begin｜>", "",
     "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{\"x\": \"```\"}",
     "t:f({\"x\":\"```\"})"},
    {"gemma", "<start_of_turn>", "", "Wait:\n```tool_code\n{\"name\": \"f\", \"parameters\": {\"x\": 1}}\n```",
     "c:Wait:|t:f({\"x\":1})"},
    {"gemma", "<start_of_turn>", "", "{\"name\": \"f\", \"parameters\": {}}", "t:f({})"},
    {"gemma", "<start_of_turn>", "", "```json\n[1]\n``` x", "c:```json\n[1]\n``` x"},
    {"harmony", "<|channel|>", "<|start|>assistant",
     "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Yes<|return|>", "r:hm|c:Yes"},
    {"harmony", "<|channel|>", "",
     "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{\"x\": 1}<|call|>", "t:f({\"x\":1})"},
    {"harmony", "<|channel|>", "", "<|channel|>commentary to=functions.f<|constrain|>json<|message|>{}<|call|>",
     "t:f({})"},
    {"harmony", "<|channel|>", "<|start|>assistant",
     " to=functions.f<|channel|>commentary <|constrain|>json<|message|>{\"x\": 1}<|call|>", "t:f({\"x\":1})"},
    {"harmony", "<|channel|>", "<|start|>assistant",
     "<|channel|>analysis<|message|>hm<|end|><|start|>assistant to=functions.f<|channel|>commentary "
     "json<|message|>{}<|call|>",
     "r:hm|t:f({})"},
    {"harmony", "<|channel|>", "<|start|>assistant", " to me, yes", "c: to me, yes"},
    {"harmony", "<|channel|>", "<|start|>assistant", " to", "c: to"},
    {"plain", "", "", "<think>a</think>b", "r:a|c:b"},
    {"plain", "", "", "  x\n", "c:x\n"},
};

TEST(Answer, IsToldApartHoweverItComes) {
  std::set<std::string_view> seen;
  for (const Case& one : kCases) {
    const AnswerFamily& family = answer_family(one.source);
    EXPECT_EQ(family.name, one.family);
    seen.insert(family.name);
    for (size_t step : {size_t{1000}, size_t{1}, size_t{3}, size_t{7}})
      EXPECT_EQ(parsed(family, one.prompt, one.answer, step), one.expected) << one.answer << " by " << step;
  }
  for (const AnswerFamily* family : answer_families()) EXPECT_TRUE(seen.contains(family->name)) << family->name;
}

TEST(Answer, WhatIsCertainIsToldAtOnce) {
  auto parser = answer_family("<tool_call>").parser({});
  EXPECT_EQ(told(parser->push("Hello there")), "c:Hello there");
  EXPECT_EQ(told(parser->push(" <tool")), "");
  EXPECT_EQ(told(parser->push("box>")), "c: <toolbox>");
}

// Where nobody offered functions, JSON that looks like a call is what was asked for.
TEST(Answer, WithoutCallsTheyAreContent) {
  for (const Case& one : kCases) {
    const AnswerFamily& family = answer_family(one.source);
    auto parser = family.parser({.prompt = one.prompt, .with_calls = false});
    std::vector<AnswerEvent> events = parser->push(one.answer);
    for (AnswerEvent& event : parser->finish()) events.push_back(std::move(event));
    for (const AnswerEvent& event : events) EXPECT_NE(event.kind, AnswerEvent::Kind::kToolCall) << one.answer;
  }
  EXPECT_EQ(
      told(
          answer_family("<|python_tag|>").parser({.with_calls = false})->push("{\"name\": \"f\", \"parameters\": {}}")),
      "c:{\"name\": \"f\", \"parameters\": {}}");
}

// A message that is gone on with has its spaces, and no beginning.
TEST(Answer, WithinContentNothingIsTrimmed) {
  auto parser = answer_family("<|python_tag|>").parser({.in_content = true});
  EXPECT_EQ(told(parser->push(" two {\"name\": \"f\", \"parameters\": {}}")),
            "c: two {\"name\": \"f\", \"parameters\": {}}");
  EXPECT_EQ(told(answer_family("").parser({.in_content = true})->push("  x")), "c:  x");
}

TEST(Answer, AThoughtThatIsOpenHasAnEnd) {
  EXPECT_EQ(answer_family("<tool_call>").parser({.prompt = "<think>\n"})->thought_end(), "</think>");
  EXPECT_EQ(answer_family("[TOOL_CALLS]").parser({.prompt = "[THINK]"})->thought_end(), "[/THINK]");
  EXPECT_EQ(answer_family("<tool_call>").parser({.prompt = "hm"})->thought_end(), "");
  EXPECT_EQ(answer_family("<|channel|>").parser({.prompt = "<|start|>assistant"})->thought_end(), "");
}

TEST(Answer, AnyBytesComeBack) {
  for (const AnswerFamily* family : answer_families()) {
    auto told_of = [&](const std::string& text, size_t step) { return parsed(*family, text, text + text, step); };
    for (const std::string text : {"{", "[", "<", "```", "\xff\xfe", "{\"name\": 1}"}) {
      EXPECT_EQ(told_of(text, 1000), "c:" + text + text) << family->name;
      EXPECT_EQ(told_of(text, 1), "c:" + text + text) << family->name;
    }
    for (const std::string mark :
         {"<|channel|>", "<think>", "<tool_call>", "[TOOL_CALLS]", "[THINK]", "<|python_tag|>"})
      EXPECT_EQ(told_of(mark, 1), told_of(mark, 1000)) << family->name << ": " << mark;
  }
}

TEST(Answer, MarksOfAFamilyStandInItsAnswers) {
  for (const AnswerFamily* family : answer_families()) {
    for (std::string_view mark : family->marks) {
      EXPECT_TRUE(std::ranges::any_of(kCases,
                                      [&](const Case& one) {
                                        return one.family == family->name &&
                                               std::string_view(one.answer).find(mark) != std::string_view::npos;
                                      }))
          << family->name << ": " << mark;
    }
  }
}

}  // namespace
}  // namespace malmoi::chat
