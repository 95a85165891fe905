// Answers from events: the pieces of a stream, and what is kept of them.
#include "serve/answers.h"

#include <gtest/gtest.h>

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
    EXPECT_EQ(answers.usage().completion_tokens, 3);
    EXPECT_EQ(answers.whole()[0].text, keep ? "so: abc" : "");
    EXPECT_EQ(answers.whole()[0].tokens.size(), keep ? 3u : 0u);
  }
}

}  // namespace
}  // namespace malmoi::serve
