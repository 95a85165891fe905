// Web archives: bodies packed in every way and name, damage and cuts, records that are no pages.
#include <gtest/gtest.h>
#include <zstd.h>

#include "base/test_growth.h"
#include "data/readers/http_body.h"
#include "data/readers/inflate.h"
#include "data/readers/test_read.h"
#include "data/readers/test_zip.h"

namespace malmoi::data {
namespace {

const std::string kPage =
    "<html><body><article><p>말모이는 우리말을 모은다는 뜻이다. 사전을 만드는 사람들은 낱말을 하나하나 "
    "모았다.</p></article></body></html>";

std::string record(const std::string& type, const std::string& url, const std::string& fields,
                   const std::string& block) {
  return "WARC/1.0\r\nWARC-Type: " + type + "\r\nWARC-Target-URI: " + url + "\r\n" + fields +
         "Content-Length: " + std::to_string(block.size()) + "\r\n\r\n" + block + "\r\n\r\n";
}

std::string response(const std::string& url, const std::string& head, const std::string& body) {
  return record("response", url, "Content-Type: application/http; msgtype=response\r\n",
                "HTTP/1.1 200 OK\r\n" + head + "\r\n\r\n" + body);
}

std::string gzipped(const std::string& bytes) { return deflated(bytes, MAX_WBITS + 16); }  // zlib's sign of gzip

// RFC 7932 with the bytes stored as they are: a window of 64 KiB, one block, and the empty last one.
std::string brotli(const std::string& bytes) {
  EXPECT_LE(bytes.size(), 65536u);
  auto head = static_cast<uint32_t>((bytes.size() - 1) << 4 | 1 << 20);
  std::string out;
  for (int shift : {0, 8, 16}) out += static_cast<char>(head >> shift);
  return out + bytes + '\x03';
}

std::string zstd(const std::string& bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  return out;
}

std::string chunked(const std::string& bytes, size_t size, const std::string& line_end = "\r\n") {
  std::string out;
  char head[32];
  for (size_t at = 0; at < bytes.size(); at += size) {
    std::string piece = bytes.substr(at, size);
    std::snprintf(head, sizeof head, "%zX", piece.size());
    out += head + line_end + piece + line_end;
  }
  return out + "0" + line_end + line_end;
}

TEST(HttpBody, EveryCodingUnderEverySpelling) {
  const std::string half = kPage.substr(0, 60), rest = kPage.substr(60);
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {"Content-Encoding: gzip", gzipped(kPage)},
      {"Content-Encoding: GZIP", gzipped(kPage)},
      {"content-encoding: x-gzip", gzipped(kPage)},
      {"CONTENT-ENCODING: X-GZip ", gzipped(kPage)},
      {"Content-Encoding: gzip", gzipped(half) + gzipped(rest)},
      {"Content-Encoding: gzip", gzipped(half) + gzipped(rest) + std::string(512, '\0')},
      {"Content-Encoding: gzip", kPage},
      {"Content-Encoding: deflate", deflated(kPage, 15)},
      {"Content-Encoding: deflate", deflated(kPage, -15)},
      {"Content-Encoding: Deflate", kPage},
      {"Content-Encoding: deflate", gzipped(kPage)},
      {"Content-Encoding: br", brotli(kPage)},
      {"Content-Encoding: BR", kPage},
      {"Content-Encoding: zstd", zstd(kPage)},
      {"Content-Encoding: zstd", zstd(half) + zstd(rest)},
      {"Content-Encoding: gzip, br", brotli(gzipped(kPage))},
      {"Content-Encoding: gzip,gzip", gzipped(gzipped(kPage))},
      {"Content-Encoding: gzip\r\nContent-Encoding: br", brotli(gzipped(kPage))},
      {"Content-Encoding: gzip", gzipped(gzipped(kPage))},
      {"Content-Encoding: br", gzipped(kPage)},
      {"Content-Encoding: gzip", brotli(kPage)},
      {"Content-Encoding: gzip", zstd(kPage)},
      {"Content-Encoding: identity", kPage},
      {"Content-Encoding: UTF-8", kPage},
      {"Content-Encoding:", kPage},
      {"Content-Type: text/html", gzipped(kPage)},
      {"Transfer-Encoding: Chunked", chunked(kPage, 50)},
      {"transfer-encoding: CHUNKED", chunked(kPage, 50, "\n")},
      {"Transfer-Encoding: chunked", kPage},
      {"Transfer-Encoding: gzip, chunked", chunked(gzipped(kPage), 33)},
      {"Transfer-Encoding: chunked\r\nContent-Encoding: br, x-gzip", chunked(gzipped(brotli(kPage)), 70)}};
  for (const auto& [head, body] : bodies) {
    Headers headers;
    headers.parse_http("HTTP/1.1 200 OK\r\n" + head + "\r\n\r\n");
    auto decoded = decode_http_body(headers, body, 1 << 20, "test");
    ASSERT_TRUE(decoded.ok()) << head << decoded.error().to_string();
    EXPECT_EQ(*decoded, kPage) << head;
  }
}

TEST(HttpBody, WhatIsCutGivesWhatItHolds) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "sentence number " + std::to_string(i * 7919) + ". ";
  for (const auto& [name, packed] : {std::pair{"gzip", gzipped(text)}, {"br", brotli(text)}, {"zstd", zstd(text)}}) {
    Headers headers;
    headers.parse("Content-Encoding: " + std::string(name) + "\n\n");
    auto decoded = decode_http_body(headers, packed.substr(0, packed.size() / 2), 1 << 20, "test");
    if (std::string(name) == "zstd") continue;  // one block: nothing of it is whole
    ASSERT_TRUE(decoded.ok()) << name;
    EXPECT_GT(decoded->size(), 100u) << name;
    EXPECT_TRUE(text.starts_with(*decoded)) << name;
  }
  Headers headers;
  headers.parse("Content-Encoding: gzip\n\n");
  EXPECT_FALSE(decode_http_body(headers, gzipped(text), 1000, "test").ok()) << "larger than the limit";
  headers.fields.find("content-encoding")->second = "compress";
  EXPECT_EQ(decode_http_body(headers, "\x1f\x9d\x90\x01\x02", 1000, "test").error().code, ErrorCode::kUnsupported);
}

TEST(HttpBody, TextThatBeginsWithANumberIsNoChunk) {
  EXPECT_EQ(join_chunks("2024\nwas a year of words"), "2024\nwas a year of words");
  EXPECT_EQ(join_chunks("12\nis a dozen, and so on and on"), "12\nis a dozen, and so on and on");
  EXPECT_EQ(join_chunks("add more\nsalt"), "add more\nsalt");
  EXPECT_EQ(join_chunks("5;a=b\r\nwords\r\n0\r\nTrailer: x\r\n\r\n"), "words");
  EXPECT_EQ(join_chunks("ff\r\ncut off"), "cut off");
}

TEST(Warc, BodiesThatAreNotPackedAsTheirHeaderSays) {
  ReadResult result = read_bytes(
      "x.warc",
      response("http://a.example/1", "Content-Type: text/plain\r\nContent-Encoding: gzip", "plain after all") +
          response("http://a.example/2", "Content-Type: text/plain\r\nContent-Encoding: br",
                   brotli("packed by brotli")) +
          response("http://a.example/3", "Content-Type: text/plain\r\nContent-Encoding: compress",
                   "\x1f\x9d\x90\x01\x02\x03") +
          response("http://a.example/4", "Content-Type: text/html\r\nContent-Encoding: br", "\x0b\x02\x80"));
  ASSERT_EQ(result.documents.size(), 2u);
  EXPECT_EQ(result.documents[0].text, "plain after all");
  EXPECT_EQ(result.documents[1].text, "packed by brotli");
  ASSERT_EQ(result.skips.size(), 2u);
  EXPECT_EQ(result.skips[0].rule, "read.unsupported");
  EXPECT_EQ(result.skips[1].rule, "read.damaged");
}

TEST(Warc, FeedsAreReadByTheEntry) {
  std::string feed = *read_file(std::string(MALMOI_TEST_DATA) + "/data/readers/feed.rss");
  ReadResult result = read_bytes(
      "x.warc", response("http://a.example/rss", "Content-Type: application/rss+xml", feed) +
                    response("http://a.example/sitemap.xml", "Content-Type: text/xml",
                             "<?xml version='1.0'?><urlset><url><loc>http://a.example/</loc></url></urlset>") +
                    response("http://a.example/note", "Content-Type: text/markdown", "# Note\n\nWritten by hand."));
  ASSERT_EQ(result.documents.size(), 3u);
  EXPECT_EQ(result.documents[0].id, "http://a.example/rss#1");
  EXPECT_EQ(tidy_whitespace(result.documents[0].text),
            "말모이는 우리말을 모은다는 뜻이다. 사전을 만드는 사람들은 낱말을 하나하나 모았다.");
  EXPECT_EQ(result.documents[2].title, "Note");
  ASSERT_EQ(result.skips.size(), 1u);
  EXPECT_EQ(result.skips[0].rule, "read.ignored");
}

TEST(Warc, RecordsThatAreNoPages) {
  ReadResult result = read_bytes(
      "x.warc", record("response", "dns:a.example", "Content-Type: text/dns\r\n",
                       "20240301000000\na.example. 300 IN A 10.0.0.1") +
                    record("Request", "http://a.example/", "Content-Type: application/http; msgtype=request\r\n",
                           "GET / HTTP/1.1") +
                    record("response", "ftp://a.example/read.txt", "Content-Type: text/plain\r\n", "a file by itself") +
                    record("RESPONSE", "http://a.example/", "content-type: Application/HTTP\r\n",
                           "http/1.1 203 Maybe\nContent-Type: TEXT/PLAIN\n\nanother"));
  ASSERT_EQ(result.documents.size(), 2u);
  EXPECT_EQ(result.documents[0].text, "a file by itself");
  EXPECT_EQ(result.documents[1].text, "another");
  EXPECT_FALSE(result.failures());
}

std::string archive_of(int pages, bool packed) {
  std::string out;
  for (int i = 0; i < pages; ++i) {
    std::string one = response("http://a.example/" + std::to_string(i), "Content-Type: text/plain",
                               "page number " + std::to_string(i * 7919) + " of the archive");
    out += packed ? gzipped(one) : one;
  }
  return out;
}

// Whole records before a cut are kept, wherever it is, and the cut is told.
TEST(Warc, WholeRecordsBeforeACutAreKept) {
  std::string plain = archive_of(100, false);
  size_t length = plain.size() / 100;
  ReadResult cut = read_bytes("x.warc", plain.substr(0, length * 60 + length / 2));
  EXPECT_NEAR(static_cast<double>(cut.documents.size()), 60, 2);
  EXPECT_TRUE(cut.failures());
  // Members of their own, and one around all: as small as the unpacked bytes that a reader asks for, and larger.
  for (int pages : {20, 5000})
    for (bool members : {true, false}) {
      std::string whole = members ? archive_of(pages, true) : gzipped(archive_of(pages, false));
      ReadResult all = read_bytes("x.warc.gz", whole);
      EXPECT_EQ(all.documents.size(), static_cast<size_t>(pages));
      EXPECT_FALSE(all.failures());
      ReadResult some = read_bytes("x.warc.gz", whole.substr(0, whole.size() - 30));
      EXPECT_TRUE(some.failures());
      // Of one member the last few bytes hold several pages.
      EXPECT_GE(some.documents.size(), static_cast<size_t>(pages) * 8 / 10);
      EXPECT_LT(some.documents.size(), static_cast<size_t>(pages));
    }
}

TEST(Warc, AfterDamageTheNextRecordIsRead) {
  std::string good = response("http://a.example/1", "Content-Type: text/plain", "one"),
              lies = response("http://a.example/2", "Content-Type: text/plain", "two and more"),
              last = response("http://a.example/3", "Content-Type: text/plain", "three");
  lies.replace(lies.find("Content-Length: "), 18, "Content-Length: 40");
  ReadResult result = read_bytes("x.warc", good + lies + last);
  ASSERT_GE(result.documents.size(), 2u);
  EXPECT_EQ(result.documents.back().text, "three");
  EXPECT_TRUE(result.failures());
  result = read_bytes("x.warc", good + "WARC/1.0\r\nWARC-Type: response\r\n\r\n" + last);
  EXPECT_EQ(result.documents.size(), 2u);
  EXPECT_TRUE(result.failures());
}

TEST(Gzip, NestedNamesAndPadding) {
  EXPECT_EQ(read_bytes("a.txt.gz", gzipped("one ") + gzipped("two")).documents.at(0).text, "one two");
  EXPECT_EQ(read_bytes("a.txt.gz", gzipped("padded") + std::string(600, '\0')).documents.at(0).text, "padded");
  EXPECT_FALSE(read_bytes("a.txt.gz", gzipped("padded") + std::string(600, '\0')).failures());
  EXPECT_EQ(read_bytes("a.txt.gz.gz", gzipped(gzipped("twice"))).documents.at(0).text, "twice");
  std::string deep = "deep";
  for (int i = 0; i < 20; ++i) deep = gzipped(deep);
  EXPECT_TRUE(read_bytes("a.gz", deep).documents.empty());
  EXPECT_TRUE(read_bytes("a.gz", deep).failures());
  ReaderOptions tight;
  tight.limits.expanded_bytes = 1 << 20;
  EXPECT_TRUE(read_bytes("a.gz", gzipped(std::string(2 << 20, 'x')), tight).failures());
}

// As a download that went wrong leaves it: what is whole is kept, and the rest is told once.
TEST(Gzip, ForeignBytesBehindTheLastMemberAreTold) {
  EXPECT_EQ(read_bytes("a.txt.gz", gzipped("one") + "trailing garbage").documents.at(0).text, "one");
  std::string broken = gzipped("three");
  broken.replace(10, 5, "\xFF\xFF\xFF\xFF\xFF");
  for (const std::string& rest : {std::string("trailing garbage"), std::string(200'000, 'x'), broken,
                                  std::string(600, '\0') + "behind padding", std::string("\x1f\x8b, and no more")}) {
    ReadResult result = read_bytes("a.txt.gz", gzipped("one ") + gzipped("two") + rest);
    EXPECT_EQ(result.all(), "a.txt.gz\none two\n");
    EXPECT_EQ(result.failures(), 1u) << rest.substr(0, 20);
    EXPECT_EQ(result.skips.at(0).id, "a.txt.gz");
  }
}

TEST(Warc, TakesTimeInProportion) {
  auto read = [](std::string bytes) { read_bytes("x.warc", std::move(bytes)); };
  auto many = [&](size_t n) { read(archive_of(static_cast<int>(n), false)); };
  EXPECT_LT(growth_of(many, 200), kSteepestGrowth);
  auto broken = [&](size_t n) {
    std::string bytes = archive_of(1, false);
    for (size_t i = 0; i < n; ++i) bytes += "WARC/1.0\r\n\r\nxx\n";
    read(std::move(bytes));
  };
  EXPECT_LT(growth_of(broken, 2000), kSteepestGrowth);
  auto chunks = [&](size_t n) { join_chunks(chunked(std::string(n, 'x'), 1)); };
  EXPECT_LT(growth_of(chunks, 50000), kSteepestGrowth);
}

}  // namespace
}  // namespace malmoi::data
