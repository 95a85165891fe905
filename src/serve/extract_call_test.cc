// POST /extract over HTTP, with a reader of documents that only tells what it was given.
#include "serve/extract_call.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "serve/extractor.h"
#include "serve/server_test.h"
#include "serve/shared.h"

namespace malmoi::serve {
namespace {

class FakeExtractor : public Extractor {
 public:
  protocol::Reply extract(const std::string& name, const std::string& bytes) const override {
    ++begun;
    while (hold) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (name == "scan.pdf")
      return protocol::ApiError{.message = "scan.pdf: has no text layer", .code = "document_without_text"};
    if (name == "evil.docx") throw std::runtime_error("no paper");
    return Json{{"name", name}, {"bytes", bytes.size()}, {"text", "read"}};
  }
  std::atomic<bool> hold{false};
  mutable std::atomic<int> begun{0};
};

std::string file_text(const std::string& target, const std::string& bytes, const std::string& more = "",
                      const std::string& type = "application/octet-stream") {
  return "POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(bytes.size()) + "\r\n" + more + "\r\n" + bytes;
}

class ExtractCall : public testing::Test {
 protected:
  void start(ServerOptions options = {}, bool reads = true) {
    options.port = 0;
    if (reads) options.extractor = extractor_;
    auto server = Server::start(options);
    ASSERT_TRUE(server.ok()) << server.error().to_string();
    server_ = *std::move(server);
  }
  TestResponse send(const std::string& text) {
    TestClient client(server_->port());
    client.send(text);
    return client.read();
  }
  template <typename Condition>
  static bool comes(const Condition& condition) {
    for (double end = monotonic_seconds() + 20; monotonic_seconds() < end;) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
  }

  std::shared_ptr<FakeExtractor> extractor_ = std::make_shared<FakeExtractor>();
  std::unique_ptr<Server> server_;
};

TEST_F(ExtractCall, HandsOnBytesAndNameWithoutAModel) {
  start();
  const std::string bytes("\0\xff%PDF\r\n\r\n", 10);
  const TestResponse response = send(file_text("/extract?name=%EB%B3%B4%EA%B3%A0%20%2B1.pdf", bytes));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.json(), (Json{{"name", "보고 +1.pdf"}, {"bytes", 10}, {"text", "read"}}));
  EXPECT_EQ(send(file_text("/extract", "a")).json()["name"], "");
  EXPECT_EQ(send(file_text("/extract?name=..%2f..%2fetc%2fpasswd", "a")).json()["name"], "passwd");
  EXPECT_EQ(send(file_text("/extract?name=%ff.txt", "a")).json()["name"], "\uFFFD.txt");
}

TEST_F(ExtractCall, TellsWhyADocumentIsNotRead) {
  start();
  expect_error(send(file_text("/extract?name=scan.pdf", "a")), 400, "document_without_text");
  expect_error(send(file_text("/extract?name=a.pdf", "")), 400, "document_without_text");
  expect_error(send(file_text("/extract?name=" + std::string(1025, 'a'), "a")), 400, "", "name");
  EXPECT_EQ(send(file_text("/extract?name=evil.docx", "a")).status, 500);
  EXPECT_EQ(send(file_text("/extract", "a")).status, 200) << "the server goes on";
  EXPECT_EQ(send(get_text("/extract")).status, 405);
}

// A page of any site may send a form or a plain text without asking first.
TEST_F(ExtractCall, FilesMustBeDeclaredAsBytes) {
  start();
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json",
                           "application/pdf", ""}) {
    const TestResponse refused = send(file_text("/extract", "a", "", type));
    expect_error(refused, 415, "unsupported_media_type");
    EXPECT_NE(refused.body.find("application/octet-stream"), std::string::npos);
  }
  EXPECT_EQ(send(file_text("/extract", "a", "", "Application/Octet-Stream")).status, 200);
  expect_error(send(file_text("/extract", "a", "Content-Encoding: gzip\r\n")), 415, "unsupported_media_type");
}

TEST_F(ExtractCall, AsksForTheScopeOfChats) {
  ServerOptions options;
  ApiKey writer = plain_key("writer-key"), reader = plain_key("reader-key");
  writer.scopes = {}, reader.scopes = {};
  writer.scopes.add(Scope::kGenerate);
  reader.scopes.add(Scope::kTokenize);
  options.keys = {writer, reader};
  start(options);
  expect_error(send(file_text("/extract", "a")), 401, "invalid_api_key");
  expect_error(send(file_text("/extract", "a", "Authorization: Bearer reader-key\r\n")), 403, "insufficient_scope");
  EXPECT_EQ(send(file_text("/extract", "a", "Authorization: Bearer writer-key\r\n")).status, 200);
}

TEST_F(ExtractCall, IsBoundedByTheLargestBody) {
  ServerOptions options;
  options.max_body_bytes = 2048;
  start(options);
  EXPECT_EQ(send(file_text("/extract", std::string(2048, 'a'))).json()["bytes"], 2048);
  EXPECT_EQ(send(file_text("/extract", std::string(2049, 'a'))).status, 413);
}

TEST_F(ExtractCall, IsNotThereWhereNothingReadsDocuments) {
  start({}, false);
  expect_error(send(file_text("/extract", "a")), 404, "unknown_url");
}

// Whoever has others wait for a document holds up nobody else.
TEST_F(ExtractCall, OtherAnswersGoOnMeanwhile) {
  start();
  extractor_->hold = true;
  TestClient slow[3] = {TestClient(server_->port()), TestClient(server_->port()), TestClient(server_->port())};
  for (TestClient& client : slow) client.send(file_text("/extract", "a"));
  EXPECT_EQ(send(get_text("/livez")).status, 200);
  EXPECT_EQ(send(get_text("/openapi.json")).status, 200);
  extractor_->hold = false;
  for (TestClient& client : slow) EXPECT_EQ(client.read().status, 200);
}

TEST_F(ExtractCall, SoManyAreReadOrWait) {
  start();
  extractor_->hold = true;
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int64_t i = 0; i < Shared::kMostDocuments + 2; ++i) {
    clients.push_back(std::make_unique<TestClient>(server_->port()));
    clients.back()->send(file_text("/extract", "a"));
  }
  const std::string refusals = "malmoi_http_responses_total{code=\"429\"} 2\n";
  EXPECT_TRUE(comes([&] { return send(get_text("/metrics")).body.find(refusals) != std::string::npos; }));
  extractor_->hold = false;
  int64_t read = 0;
  for (const auto& client : clients) {
    const TestResponse response = client->read();
    if (response.status == 200) ++read;
    else expect_error(response, 429, "server_busy");
  }
  EXPECT_EQ(read, Shared::kMostDocuments);
  EXPECT_EQ(send(file_text("/extract", "a")).status, 200) << "places are given back";
}

TEST_F(ExtractCall, AClientThatGoesAwayTakesItsWaitingDocumentWithIt) {
  const std::string log = testing::TempDir() + "extract_call_test_access.jsonl";
  std::remove(log.c_str());
  ServerOptions options;
  options.access_log = log;
  start(options);
  extractor_->hold = true;
  TestClient first(server_->port()), second(server_->port()), third(server_->port());
  first.send(file_text("/extract", "a"));
  second.send(file_text("/extract", "a"));
  EXPECT_TRUE(comes([&] { return extractor_->begun == 2; }));
  third.send(file_text("/extract", "a"));
  third.close();
  EXPECT_TRUE(comes([&] {
    const auto lines = read_file(log);
    return lines.ok() && lines->find("\"status\":499") != std::string::npos;
  }));
  extractor_->hold = false;
  EXPECT_EQ(first.read().status, 200);
  EXPECT_EQ(second.read().status, 200);
  EXPECT_EQ(send(file_text("/extract", "a")).status, 200);
  EXPECT_EQ(extractor_->begun, 3);
}

TEST(FileNameOf, IsTheLastPartOfAPath) {
  EXPECT_EQ(file_name_of("a.txt"), "a.txt");
  EXPECT_EQ(file_name_of("/tmp/a.txt"), "a.txt");
  EXPECT_EQ(file_name_of("C:\\fakepath\\글.hwp"), "글.hwp");
  EXPECT_EQ(file_name_of("folder/"), "");
}

}  // namespace
}  // namespace malmoi::serve
