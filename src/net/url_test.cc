#include "net/url.h"

#include <gtest/gtest.h>

namespace malmoi::net {
namespace {

TEST(Url, ResolvedAndNormalised) {
  Url base = *parse_url("HTTP://Example.com:80/a/b/c.html?q#f");
  EXPECT_EQ(base.str(), "http://example.com/a/b/c.html?q");
  EXPECT_EQ(resolve_url(base, "../d")->str(), "http://example.com/a/d");
  EXPECT_EQ(resolve_url(base, "?x=1")->str(), "http://example.com/a/b/c.html?x=1");
  EXPECT_EQ(resolve_url(base, "//other.org/한")->str(), "http://other.org/%ED%95%9C");
  EXPECT_EQ(resolve_url(base, "/../../x/./y/")->str(), "http://example.com/x/y/");
  EXPECT_FALSE(resolve_url(base, "javascript:alert(1)"));
  EXPECT_FALSE(parse_url("file:///etc/passwd"));
}

}  // namespace
}  // namespace malmoi::net
