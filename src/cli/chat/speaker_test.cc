// Tests of what is said of an answer.
#include "cli/chat/speaker.h"

#include <gtest/gtest.h>

namespace malmoi::cli {
namespace {

TEST(Speaker, SaysWhatAnAnswerTookAndWhyItEnded) {
  app::ChatAnswer answer{.finish_reason = "stop", .generated_tokens = 21, .seconds = 2.25, .first_seconds = 0.25};
  EXPECT_EQ(summary_of(answer, 21), "21 tokens, 10.0 tokens/s, the first after 0.25 s");
  answer.finish_reason = "cancelled";
  EXPECT_EQ(summary_of(answer, 21), "21 tokens, 10.0 tokens/s, the first after 0.25 s, stopped");
  answer.finish_reason = "length";
  EXPECT_EQ(summary_of(answer, 21), "21 tokens, 10.0 tokens/s, the first after 0.25 s, cut off (/set max-tokens)");
  EXPECT_EQ(summary_of(answer, 22), "21 tokens, 10.0 tokens/s, the first after 0.25 s, the context is full");
}

}  // namespace
}  // namespace malmoi::cli
