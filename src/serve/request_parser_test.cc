// Requests byte by byte: what is one, what two readers could read in two ways, and what a client can make us keep.
#include "serve/request_parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/test_growth.h"
#include "serve/target.h"

namespace malmoi::serve {
namespace {

struct Parsed {
  int status = 0;  // of the error; 0: none
  bool whole = false;
  std::string target, body, left;
  size_t most_waiting = 0;  // bytes that were not taken at once
};

// Feeds a request in pieces, as a connection does.
Parsed parse(const std::string& bytes, size_t piece = 1 << 20, const ServerOptions& options = {}) {
  RequestParser parser(options);
  std::string waiting;
  Parsed out;
  size_t at = 0;
  while (true) {
    waiting.erase(0, parser.put(waiting));
    out.most_waiting = std::max(out.most_waiting, waiting.size());
    if (parser.error()) break;
    if (parser.stopped() && parser.has_body()) {
      parser.begin_body();
      continue;
    }
    if (parser.stopped() || at == bytes.size()) break;
    waiting += bytes.substr(at, piece);
    at = std::min(bytes.size(), at + piece);
  }
  if (parser.error()) {
    out.status = parser.error()->status;
    EXPECT_FALSE(parser.error()->message.empty());
    EXPECT_FALSE(parser.error()->code.empty());
    return out;
  }
  out.whole = parser.stopped();
  out.left = waiting + bytes.substr(at);
  if (!out.whole) return out;
  out.target = std::string(parser.request().target().data(), parser.request().target().size());
  out.body = parser.request().body();
  return out;
}

std::string head(const std::string& fields) { return "POST /v1/completions HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }
std::string chunked(const std::string& rest) { return head("Transfer-Encoding: chunked\r\n") + rest; }

TEST(RequestParser, ReadsRequestsInPiecesOfAnySize) {
  for (size_t piece : {1, 2, 3, 7, 1000}) {
    Parsed plain = parse(head("Content-Length: 5\r\n") + "helloGET", piece);
    EXPECT_TRUE(plain.whole) << piece;
    EXPECT_EQ(plain.body, "hello");
    EXPECT_EQ(plain.left, "GET");
    Parsed pieces = parse(chunked("3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\nHost: b\r\n\r\nGET"), piece);
    EXPECT_TRUE(pieces.whole) << piece << " " << pieces.status;
    EXPECT_EQ(pieces.body, "hello");
    EXPECT_EQ(pieces.left, "GET");
    EXPECT_TRUE(parse("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", piece).whole) << piece;
  }
}

TEST(RequestParser, ABodyMayHaveALimitOfItsOwn) {
  const ServerOptions options;
  for (const std::string& text : {head("Content-Length: 5\r\n") + "hello", chunked("5\r\nhello\r\n0\r\n\r\n")}) {
    for (uint64_t limit : {uint64_t{4}, uint64_t{5}}) {
      RequestParser parser(options);
      std::string bytes = text;
      bytes.erase(0, parser.put(bytes));
      parser.begin_body(limit);
      bytes.erase(0, parser.put(bytes));
      ASSERT_TRUE(parser.stopped()) << text << limit;
      EXPECT_EQ(parser.error() ? parser.error()->status : 0, limit < 5 ? 413 : 0) << text;
    }
  }
}

TEST(RequestParser, TrailersDoNotChangeTheHeader) {
  ServerOptions options;
  RequestParser parser(options);
  std::string text = chunked("0\r\nAuthorization: Bearer x\r\nHost: b\r\nOrigin: c\r\n\r\n");
  text.erase(0, parser.put(text));
  parser.begin_body();
  text.erase(0, parser.put(text));
  ASSERT_TRUE(parser.stopped());
  EXPECT_EQ(parser.request().count(http::field::authorization), 0u);
  EXPECT_EQ(parser.request().count(http::field::host), 1u);
  EXPECT_EQ(parser.request().count(http::field::origin), 0u);
}

TEST(RequestParser, RefusesWhatTwoReadersCouldReadInTwoWays) {
  struct Case {
    std::string text;
    int status;
  };
  const std::string get = "GET / HTTP/1.1\r\n";
  for (const auto& [text, status] : {Case{get + "Host: a\r\nHost: a\r\n\r\n", 400},
                                     Case{get + "Host: a\r\nHost: b\r\n\r\n", 400},
                                     Case{get + "\r\n", 400},
                                     Case{get + "Host: a b\r\n\r\n", 400},
                                     Case{get + "Host: a/b\r\n\r\n", 400},
                                     Case{get + "Host: a@b\r\n\r\n", 400},
                                     Case{get + "Host: a:b\r\n\r\n", 400},
                                     Case{get + "Host: a, b\r\n\r\n", 400},
                                     Case{get + "Host: [::1\r\n\r\n", 400},
                                     Case{get + "Host : a\r\n\r\n", 400},
                                     Case{get + " Host: a\r\n\r\n", 400},
                                     Case{"GET ?a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                                     Case{"GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                                     Case{"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                                     Case{"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                                     Case{"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                                     Case{get + "Host: a\nX: y\r\n\r\n", 400},
                                     Case{get + "Host: a\r\nX: a\rb\r\n\r\n", 400},
                                     Case{get + "Host: a\r\nX: \x01\r\n\r\n", 400},
                                     Case{get + "Host: a\r\nX\r\n\r\n", 400},
                                     Case{"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                                     Case{"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
                                     Case{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
                                     Case{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
                                     Case{"GET / HTTP/1.x\r\nHost: a\r\n\r\n", 400},
                                     Case{"\x16\x03\x01\x02\r\n\r\n", 400},
                                     Case{head("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
                                     Case{head("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
                                     Case{head("Content-Length: 5, 5\r\n"), 400},
                                     Case{head("Content-Length: +5\r\n"), 400},
                                     Case{head("Content-Length: -5\r\n"), 400},
                                     Case{head("Content-Length: 0x5\r\n"), 400},
                                     Case{head("Content-Length:\r\n"), 400},
                                     Case{head("Content-Length: 99999999999999999999\r\n"), 400},
                                     Case{head("Content-Length: 99999999999\r\n"), 413},
                                     Case{head("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
                                     Case{head("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
                                     Case{head("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"), 400},
                                     Case{head("Transfer-Encoding: gzip\r\n"), 501},
                                     Case{head("Transfer-Encoding: xchunked\r\n"), 501},
                                     Case{head("Transfer-Encoding: chunkedx\r\n"), 501},
                                     Case{head("Transfer-Encoding: gzip, chunked\r\n"), 501},
                                     Case{head("Transfer-Encoding: chunked, gzip\r\n"), 501},
                                     Case{head("Transfer-Encoding: identity\r\n"), 501},
                                     Case{head("Transfer-Encoding: chunked, chunked\r\n"), 501},
                                     Case{head("Transfer-Encoding: \r\n"), 501},
                                     Case{head("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), 501},
                                     Case{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
                                     Case{head("Expect: 200-ok\r\n"), 417},
                                     Case{chunked("g\r\n"), 400},
                                     Case{chunked("-1\r\n"), 400},
                                     Case{chunked("0x5\r\nhello\r\n0\r\n\r\n"), 400},
                                     Case{chunked("5\r\nhelloworld\r\n0\r\n\r\n"), 400},
                                     Case{chunked("fffffffffffffffff\r\n"), 400},
                                     Case{chunked("ffffffffffffffff\r\n"), 413}}) {
    for (size_t piece : {1, 1000}) {
      Parsed parsed = parse(text, piece);
      EXPECT_EQ(parsed.status, status) << piece << "\n" << text;
    }
  }
  for (const std::string& bare : {std::string("GET / HTTP/1.1\nHost: a\n\n"), chunked("5\nhello\n0\n\n")})
    EXPECT_FALSE(parse(bare, 1).whole) << bare;        // a line ends with both characters
  EXPECT_TRUE(parse("GET / HTTP/1.0\r\n\r\n").whole);  // which need not name a host
  EXPECT_TRUE(parse(get + "Host:\r\n\r\n").whole);
  EXPECT_TRUE(parse(get + "Host: [::1]:80\r\nX: a\r\n b\r\n\r\n").whole);  // folded lines are joined
  EXPECT_TRUE(parse(head("transfer-encoding: Chunked\r\n") + "0\r\n\r\n").whole);
}

TEST(RequestParser, WhatAClientCanMakeItKeepIsBounded) {
  ServerOptions options;
  options.max_header_bytes = 2048;
  options.max_body_bytes = 4096;
  const std::string junk(1 << 20, 'x');
  struct Case {
    std::string text;
    int status;
  };
  std::string many_fields, many_lines;
  for (int i = 0; i < 150; ++i) many_fields += "a:\r\n";
  for (int i = 0; i < 5000; ++i) many_lines += "\r\n";
  for (const auto& [text, status] :
       {Case{junk, 431}, Case{"GET /" + junk, 431}, Case{"GET / HTTP/1.1\r\n" + junk, 431},
        Case{"GET / HTTP/1.1\r\nX: " + junk, 431}, Case{head(many_fields), 431}, Case{many_lines, 431},
        Case{chunked("5;" + junk), 400}, Case{chunked("5;x=\"" + junk), 400}, Case{chunked("5;" + junk + "\r\n"), 400},
        Case{chunked(std::string(1 << 20, '0') + "5\r\n"), 400}, Case{chunked("0;" + junk), 400},
        Case{chunked("0\r\nX: " + junk), 400}, Case{chunked("0\r\n" + junk), 400},
        Case{chunked(std::string(1 << 20, '1')), 400}}) {
    for (size_t piece : {100, 1 << 14}) {
      Parsed parsed = parse(text, piece, options);
      EXPECT_EQ(parsed.status, status) << text.substr(0, 100);
      EXPECT_LE(parsed.most_waiting, options.max_header_bytes + piece + 16) << text.substr(0, 100);
    }
  }
  std::string wasteful, thrifty;
  for (int i = 0; i < 500; ++i) wasteful += "1;extension=" + std::string(40, 'x') + "\r\na\r\n";
  for (int i = 0; i < 500; ++i) thrifty += "1\r\na\r\n";
  EXPECT_EQ(parse(chunked(wasteful + "0\r\n\r\n"), 100, options).status, 400);
  EXPECT_EQ(parse(chunked(thrifty + "0\r\n\r\n"), 100, options).body.size(), 500u);
  EXPECT_EQ(parse(chunked("1388\r\n" + std::string(5000, ' ')), 100, options).status, 413);
}

// The time of each part of a request grows as its bytes do, in pieces as small as packets, too.
TEST(RequestParser, TimeIsLinearInTheBytes) {
  ServerOptions options;
  options.max_header_bytes = 64 << 20;
  options.max_body_bytes = 64 << 20;
  auto repeat = [](const std::string& text, size_t times) {
    std::string out;
    for (size_t i = 0; i < times; ++i) out += text;
    return out;
  };
  auto growth = [&](auto make) {
    return growth_of(
        make, [&](const std::string& text) { parse(text, 1 << 10, options); }, 1 << 16);
  };
  EXPECT_LT(growth([&](size_t n) { return "GET / HTTP/1.1\r\nX: " + std::string(n, 'x') + "\r\n"; }), kSteepestGrowth);
  EXPECT_LT(growth([&](size_t n) { return head(repeat("a:b\r\n", n / 5)); }), kSteepestGrowth);
  EXPECT_LT(growth([&](size_t n) { return chunked(repeat("1\r\na\r\n", n / 6)); }), kSteepestGrowth);
  EXPECT_LT(growth([&](size_t n) { return chunked("5;" + std::string(n, 'x')); }), kSteepestGrowth);
  EXPECT_LT(growth([&](size_t n) { return chunked("0\r\n" + repeat("a:b\r\n", n / 5)); }), kSteepestGrowth);
}

TEST(Target, PathsHostsAndNames) {
  HttpRequest request;
  auto path = [&](const char* target) {
    request.target(target);
    return std::string(path_of(request));
  };
  EXPECT_EQ(path("/a/b?c#d"), "/a/b");
  EXPECT_EQ(path("/?a=http://b/c"), "/");
  EXPECT_EQ(path("http://host:80/a?b"), "/a");
  EXPECT_EQ(path("HTTP://host"), "/");
  EXPECT_EQ(path("http://host?a/b"), "/");
  EXPECT_EQ(path("*"), "*");
  request.set(http::field::host, "field");
  request.target("http://host:80/a");
  EXPECT_EQ(authority_of(request), "host:80");
  request.target("/a");
  EXPECT_EQ(authority_of(request), "field");
  EXPECT_EQ(host_name("LOCALHOST:8080"), "localhost");
  EXPECT_EQ(host_name("localhost.:8080"), "localhost");
  EXPECT_EQ(host_name("[::1]:8080"), "::1");
}

}  // namespace
}  // namespace malmoi::serve
