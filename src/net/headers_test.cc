#include "net/headers.h"

#include <gtest/gtest.h>

namespace malmoi::net {
namespace {

TEST(Headers, NamesAndStatusLinesInAnyCase) {
  Headers headers;
  EXPECT_GT(headers.parse_http("http/1.1 203 Ok\r\nCONTENT-TYPE: text/html\r\nVary: a\r\nvary:b\r\n\r\nbody"), 0u);
  EXPECT_EQ(headers.status, 203);
  EXPECT_EQ(headers.get("content-type"), "text/html");
  EXPECT_EQ(headers.list("vary"), "a, b");
  EXPECT_EQ(headers.list("none"), "");
  EXPECT_EQ(Headers().parse_http("GET / HTTP/1.1\r\n\r\n"), 0u);
}

TEST(Headers, ContinuedLinesAndParameters) {
  Headers headers;
  size_t body = headers.parse("A: 1\r\n 2\r\nB:3\r\n\r\nbody");
  EXPECT_EQ(body, 17u);
  EXPECT_EQ(headers.get("a"), "1 2");
  EXPECT_EQ(media_parameter("text/html; x=\"a;b\"; charset=\"EUC-KR\"", "charset"), "euc-kr");
}

}  // namespace
}  // namespace malmoi::net
