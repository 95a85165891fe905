// Answers from events: the pieces of a stream, and what is kept of them.
#include "serve/answers.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

namespace malmoi::serve {
namespace {

AnswerEvent token(std::string text, chat::FinishReason finish = chat::FinishReason::kNone) {
  AnswerEvent event;
  event.time = 1;
  event.event.id = 1;
  event.event.bytes = event.event.text = std::move(text);
  event.event.finish = finish;
  return event;
}

// A stream with a hundred alternatives a token would keep gigabytes of what its client has long received.
TEST(Answers, OfAStreamNothingIsKept) {
  Metrics metrics;
  for (bool keep : {true, false}) {
    Answers answers(metrics, 0, {.logprobs = true, .keep = keep, .echoes = {"so: "}});
    std::string streamed;
    size_t tokens = 0;
    for (const AnswerEvent& event : {token("a"), token("b"), token("c", chat::FinishReason::kLength)}) {
      for (const protocol::Answer& piece : answers.add(event)) {
        streamed += piece.text;
        tokens += piece.tokens.size();
      }
    }
    EXPECT_TRUE(answers.done());
    EXPECT_EQ(streamed, "so: abc");
    EXPECT_EQ(tokens, 3u);
    EXPECT_EQ(answers.told().usage.completion_tokens, 3);
    EXPECT_EQ(answers.whole()[0].text, keep ? "so: abc" : "");
    EXPECT_EQ(answers.whole()[0].tokens.size(), keep ? 3u : 0u);
  }
}

std::string call_of(const std::string& name) {
  return "<tool_call>{\"name\": \"" + name + "\", \"arguments\": {}}</tool_call>";
}

TEST(Answers, OneCallIsTheEndOfAnAnswer) {
  Metrics metrics;
  Answers answers(metrics, 0,
                  {.count = 2,
                   .each = 2,
                   .echoes = {"", ""},
                   .form = {.family = &chat::answer_family("<tool_call>"), .with_calls = true},
                   .one_call = true});
  AnswerEvent first = token("So:" + call_of("f") + " and" + call_of("g"));
  first.event.prompt_tokens = 7;
  const std::vector<protocol::Answer> pieces = answers.add(first);
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].text, "So:");
  ASSERT_EQ(pieces[0].calls.size(), 1u);
  EXPECT_EQ(pieces[0].calls[0].name, "f");
  EXPECT_EQ(pieces[0].finish_reason, "tool_calls");
  EXPECT_TRUE(answers.add(token(call_of("h"))).empty()) << "before its provider knows of the end";
  EXPECT_TRUE(answers.add(token("", chat::FinishReason::kError)).empty());
  EXPECT_FALSE(answers.failure().has_value());
  EXPECT_FALSE(answers.done());
  AnswerEvent other = token(call_of("f"), chat::FinishReason::kLength);
  other.answer = 1;
  other.event.answer = 1;
  other.event.prompt_tokens = 7;
  EXPECT_EQ(answers.add(other).at(0).finish_reason, "tool_calls") << "it is whole";
  EXPECT_TRUE(answers.done());
  EXPECT_EQ(answers.whole()[0].calls.size(), 1u);
  EXPECT_EQ(answers.told().usage.completion_tokens, 2);
  EXPECT_EQ(answers.told().usage.prompt_tokens, 7);
}

TEST(Answers, WhereCallsStoodIsKept) {
  Metrics metrics;
  Answers answers(
      metrics, 0,
      {.logprobs = true, .echoes = {""}, .form = {.family = &chat::answer_family("<tool_call>"), .with_calls = true}});
  answers.add(token("So:"));
  answers.add(token(call_of("f") + "and"));
  answers.add(token("on", chat::FinishReason::kStop));
  ASSERT_TRUE(answers.done());
  const protocol::Answer& whole = answers.whole()[0];
  EXPECT_EQ(whole.text, "So:andon");
  ASSERT_EQ(whole.call_places.size(), 1u);
  EXPECT_EQ(whole.call_places[0].text, 3u);
  EXPECT_EQ(whole.call_places[0].tokens, 2u);
}

// The mean counts, not the sum: a long answer is no worse than a short one.
TEST(Answers, TheBestOfEachPromptAreKept) {
  Metrics metrics;
  Answers answers(metrics, 0, {.count = 4, .each = 2, .best = 1, .echoes = {"", "", "", ""}});
  auto add = [&](size_t answer, const char* text, double logprob, chat::FinishReason finish) {
    AnswerEvent event = token(text, finish);
    event.answer = answer;
    event.event.logprob = logprob;
    answers.add(event);
  };
  const auto on = chat::FinishReason::kNone, end = chat::FinishReason::kLength;
  add(0, "a", -3, end);
  add(1, "b", -2, on);
  add(1, "b", -2, end);
  add(2, "c", -1, end);
  EXPECT_EQ(answers.whole().size(), 4u);
  add(3, "d", -5, end);
  ASSERT_TRUE(answers.done());
  ASSERT_EQ(answers.whole().size(), 2u);
  EXPECT_EQ(answers.whole()[0].text, "bb");
  EXPECT_EQ(answers.whole()[1].text, "c");
  EXPECT_EQ(answers.whole()[1].index, 1);
}

TEST(Answers, TokensOfThoughtsAndTheirMarksAreCounted) {
  Metrics metrics;
  Answers answers(metrics, 0,
                  {.logprobs = true, .echoes = {""}, .form = {.family = &chat::answer_family("<tool_call>")}});
  std::vector<size_t> of_thought;
  for (const AnswerEvent& event : {token("<think>"), token("hm"), token(" hm"), token("</think>"), token("So"),
                                   token(".", chat::FinishReason::kStop)}) {
    for (const protocol::Answer& piece : answers.add(event)) of_thought.push_back(piece.thought_tokens);
  }
  EXPECT_EQ(of_thought, (std::vector<size_t>{1, 1, 1, 1, 0, 0}));
  EXPECT_EQ(answers.whole()[0].text, "So.");
  EXPECT_EQ(answers.whole()[0].thought_tokens, 4u);
  EXPECT_EQ(answers.told().usage.reasoning_tokens, 4);
  EXPECT_EQ(answers.told().usage.completion_tokens, 6);
}

TEST(Answers, TheEndOfOneIsToldToItsProviderAndTheOthersGoOn) {
  boost::asio::io_context context;
  auto queue = std::make_shared<EventQueue>(context.get_executor());
  EXPECT_TRUE(queue->push(0, token("a").event));
  queue->end_answer(0);
  EXPECT_FALSE(queue->push(0, token("b").event));
  EXPECT_TRUE(queue->push(1, token("c").event));
  EXPECT_FALSE(queue->closed());
  EXPECT_FALSE(queue->cancel_token().requested());
  context.run();
}

}  // namespace
}  // namespace malmoi::serve
