// The access log: its lines, over HTTP, and that nobody waits for it.
#include "serve/access_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <sstream>

#include "base/test_folder.h"
#include "serve/secret.h"
#include "serve/server_test.h"

namespace malmoi::serve {
namespace {

std::vector<Json> entries_of(const Path& file) {
  std::vector<Json> entries;
  auto text = read_file(file);
  if (!text.ok()) return entries;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) entries.push_back(Json::parse(line, nullptr, false));
  return entries;
}

class AccessLogTest : public ServerTest {
 protected:
  void start_logged(ServerOptions options = {}) {
    options.access_log = file_.string();
    start(std::move(options));
  }
  // Of a server that has ended, whose log is whole.
  std::vector<Json> entries() {
    server_.reset();
    return entries_of(file_);
  }
  Path file_ = test_folder("access_log") / "access.jsonl";
};

TEST_F(AccessLogTest, ARequestIsALine) {
  start_logged();
  const std::string trace = "0af7651916cd43dd8448eb211c80319c";
  const TestResponse response =
      post("/v1/completions?key=hush", R"({"prompt":"hidden","max_tokens":4,"ignore_eos":true})",
           "X-Request-Id: mine-1\r\ntraceparent: 00-" + trace + "-b7ad6b7169203331-01\r\n");
  ASSERT_EQ(response.status, 200);
  EXPECT_EQ(response.field("X-Request-Id"), "mine-1");
  EXPECT_TRUE(response.field("traceparent").starts_with("00-" + trace + "-")) << response.header;
  const std::vector<Json> lines = entries();
  ASSERT_EQ(lines.size(), 1u);
  const Json& line = lines[0];
  EXPECT_EQ(line["method"], "POST");
  EXPECT_EQ(line["path"], "/v1/completions");
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(line["bytes"], response.header.size() + response.body.size());
  EXPECT_EQ(line["model"], "tiny");
  EXPECT_EQ(line["client"], "127.0.0.1");
  EXPECT_EQ(line["prompt_tokens"], 6);
  EXPECT_EQ(line["completion_tokens"], 4);
  EXPECT_EQ(line["request_id"], "mine-1");
  EXPECT_EQ(line["trace_id"], trace);
  EXPECT_EQ(line["parent_span_id"], "b7ad6b7169203331");
  EXPECT_EQ("00-" + trace + "-" + line["span_id"].get<std::string>() + "-01", response.field("traceparent"));
  EXPECT_GT(line["first_token_seconds"].get<double>(), 0);
  EXPECT_GE(line["seconds"].get<double>(), line["first_token_seconds"].get<double>());
  EXPECT_EQ(line["time"].get<std::string>().size(), 27u);
  const std::string text = dump_json(line);
  for (const char* secret : {"hush", "hidden"}) EXPECT_EQ(text.find(secret), std::string::npos) << text;
}

TEST_F(AccessLogTest, RefusedAndBrokenRequestsAreThereToo) {
  ApiKey key{.name = "ci", .digest = sha256("secret")};
  key.scopes = Scopes::of_clients();
  ServerOptions options;
  options.keys = {key};
  start_logged(options);
  EXPECT_EQ(get("/v1/models").status, 401);
  EXPECT_EQ(get("/v1/models", "x-api-key: secret\r\n").status, 200);
  EXPECT_EQ(get("/nowhere").status, 404);
  EXPECT_EQ(get("/metrics", "x-api-key: secret\r\n").status, 403);
  EXPECT_EQ(send("NONSENSE\r\n\r\n").status, 400);
  TestClient early(server_->port());
  early.send(
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nx-api-key: secret\r\nContent-Type: "
      "application/json\r\nContent-Length: 10\r\n\r\n{");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // until the header is read
  early.close();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const std::vector<Json> lines = entries();
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_EQ(lines[0]["status"], 401);
  EXPECT_EQ(lines[0]["client"], "127.0.0.1");
  EXPECT_EQ(lines[1]["client"], "ci");
  EXPECT_EQ(lines[2]["path"], "/nowhere");
  EXPECT_EQ(lines[3]["status"], 403);
  EXPECT_EQ(lines[3]["client"], "ci") << "whoever runs the server can see whose key lacks a scope";
  EXPECT_EQ(lines[4]["status"], 400);
  EXPECT_EQ(lines[5]["status"], 499);
  EXPECT_EQ(lines[5]["client"], "ci");
  EXPECT_NE(lines[0]["request_id"], lines[1]["request_id"]);
}

TEST_F(AccessLogTest, PromptsAreWrittenOnlyWhereThatIsWanted) {
  ApiKey key{.name = "page", .digest = sha256("secret")};
  key.scopes = Scopes::of_clients();
  ServerOptions options;
  options.keys = {key};
  options.log_prompts = true;
  start_logged(options);
  const std::string body = R"({"prompt":"shown","max_tokens":1})";
  EXPECT_EQ(post("/v1/completions", body, "x-api-key: secret\r\n").status, 200);
  EXPECT_EQ(post("/login", R"({"key":"secret"})").status, 200);
  const std::vector<Json> lines = entries();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["body"], body);
  EXPECT_EQ(dump_json(lines[1]).find("secret"), std::string::npos) << "keys are no prompts";
  EXPECT_EQ(lines[1]["client"], "page");
}

TEST_F(AccessLogTest, StreamsAreLinesWhenTheyEnd) {
  start_logged();
  const TestResponse response =
      post("/v1/completions", R"({"prompt":"ab","max_tokens":3,"ignore_eos":true,"stream":true})");
  ASSERT_EQ(response.events().back(), "[DONE]");
  const std::vector<Json> lines = entries();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["completion_tokens"], 3);
  EXPECT_GT(lines[0]["bytes"].get<size_t>(), response.header.size() + response.body.size())
      << "with the chunks' frames";
}

TEST_F(AccessLogTest, LostLinesStandInTheMetrics) {
  start_logged();
  EXPECT_NE(get("/metrics").body.find("malmoi_access_log_dropped_lines_total 0"), std::string::npos);
}

TEST(AccessLog, AFileThatCannotBeWrittenIsSaid) {
  const Path folder = test_folder("no_log");
  EXPECT_FALSE(AccessLog::open(folder.string(), [] {}, {}).ok());
  ServerOptions options;
  options.port = 0;
  options.access_log = (folder / "missing" / "log").string();
  auto server = Server::start(options);
  ASSERT_FALSE(server.ok());
  EXPECT_NE(server.error().to_string().find("access log"), std::string::npos);
}

TEST(AccessLog, AFileThatWasRenamedIsMadeAnew) {
  const Path folder = test_folder("rotated"), file = folder / "log";
  auto log = AccessLog::open(file.string(), [] {}, {});
  ASSERT_TRUE(log.ok());
  (*log)->write("{\"n\":1}");
  for (double end = monotonic_seconds() + 20; entries_of(file).empty() && monotonic_seconds() < end;)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::filesystem::rename(file, folder / "old");
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // it looks once a second
  (*log)->write("{\"n\":2}");
  log->reset();
  ASSERT_EQ(entries_of(folder / "old").size(), 1u);
  ASSERT_EQ(entries_of(file).size(), 1u);
  EXPECT_EQ(entries_of(file)[0]["n"], 2);
}

// A pipe that nobody reads: writing to the log takes no time, what does not fit is counted, and the end is not held up.
TEST(AccessLog, NobodyWaitsForAReaderThatDoesNotRead) {
  const Path pipe = test_folder("stuck") / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  std::atomic<int> dropped{0};
  auto log = AccessLog::open(pipe.string(), [&] { ++dropped; }, {});
  ASSERT_TRUE(log.ok()) << log.error().to_string();
  const std::string line(1 << 20, 'x');
  const double begin = monotonic_seconds();
  for (int i = 0; i < 64; ++i) (*log)->write(line);
  EXPECT_LT(monotonic_seconds() - begin, 5);
  EXPECT_GT(dropped, 20);
  log->reset();
  EXPECT_LT(monotonic_seconds() - begin, 10);
  EXPECT_GT(dropped, 60) << "what was left is lost, and counted";
  ::close(reader);
}

}  // namespace
}  // namespace malmoi::serve
