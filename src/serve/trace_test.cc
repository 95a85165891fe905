#include "serve/trace.h"

#include <gtest/gtest.h>

namespace malmoi::serve {
namespace {

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c", kParent = "b7ad6b7169203331";

TEST(Trace, GoesOnWithANewSpan) {
  auto trace = continue_trace("00-" + kTrace + "-" + kParent + "-01");
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->trace_id, kTrace);
  EXPECT_EQ(trace->parent_span, kParent);
  EXPECT_EQ(trace->span.size(), 16u);
  EXPECT_NE(trace->span, kParent);
  EXPECT_EQ(trace->traceparent(), "00-" + kTrace + "-" + trace->span + "-01");
  EXPECT_TRUE(continue_trace("01-" + kTrace + "-" + kParent + "-00-later"));
}

TEST(Trace, OtherTextsAreNone) {
  for (const std::string& text :
       {std::string(), "00-" + kTrace + "-" + kParent, "ff-" + kTrace + "-" + kParent + "-01",
        "00-" + kTrace + "-" + kParent + "-01-more", "00-" + std::string(32, '0') + "-" + kParent + "-01",
        "00-" + kTrace + "-" + std::string(16, '0') + "-01", "00-" + kTrace + "-B7AD6B7169203331-01",
        "00_" + kTrace + "-" + kParent + "-01", "00-" + kTrace + "-" + kParent + "-0g",
        "01-" + kTrace + "-" + kParent + "-01x"})
    EXPECT_FALSE(continue_trace(text)) << text;
}

TEST(RequestId, IsTakenOverWhereItIsSane) {
  HttpRequest request;
  EXPECT_TRUE(request_id_of(request).starts_with("req_"));
  request.set("X-Request-Id", "build-17:step.2/a=b+c@d_e");
  EXPECT_EQ(request_id_of(request), "build-17:step.2/a=b+c@d_e");
  for (const std::string& wrong :
       {std::string(), std::string("two words"), std::string("\"quoted\""), std::string(129, 'a')}) {
    request.set("X-Request-Id", wrong);
    EXPECT_TRUE(request_id_of(request).starts_with("req_")) << wrong;
  }
}

}  // namespace
}  // namespace malmoi::serve
