// Whole crawls of a small site: what is visited, what is stored, and how a stopped one goes on.
#include <filesystem>

#include "data/crawl/test_site.h"
#include "data/crawl/warc_writer.h"

namespace malmoi::data {
namespace {

TEST(Crawl, FollowsLinksAndRules) {
  Site site;
  fill(site);
  Path out = crawl_folder("rules");
  CrawlOptions options = options_for(site, out);
  options.held_urls = options.held_tasks = 1;  // the rest of the frontier lies on disk
  auto result = crawl(options);
  ASSERT_TRUE(result.ok()) << result.error().to_string();
  std::set<std::string> urls = stored(out, site.root());
  urls.erase("/feed.rss");
  std::set<std::string> expected = kAll;
  expected.erase("/feed.rss");
  EXPECT_EQ(urls, expected);
  EXPECT_EQ(result->disallowed, 1u);
  EXPECT_EQ(site.requests().front().first, "/robots.txt");
  for (const auto& [path, when] : site.requests()) {
    EXPECT_NE(path, "/secret/x");
    EXPECT_NE(path, "/never");
  }
  site.forget();
  auto again = crawl(options);  // nothing is left to do
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(site.requests().empty());
}

TEST(Crawl, DepthPagesAndDelay) {
  Site site;
  fill(site);
  CrawlOptions options = options_for(site, crawl_folder("depth"));
  options.max_depth = 1;
  options.sitemaps = false;
  ASSERT_TRUE(crawl(options).ok());
  std::set<std::string> urls = stored(options.out, site.root());
  EXPECT_TRUE(urls.contains("/a.html"));
  EXPECT_FALSE(urls.contains("/deep/b.html"));

  site.forget();
  options = options_for(site, crawl_folder("delay"));
  options.delay = 0.15;
  options.max_pages = 3;
  ASSERT_TRUE(crawl(options).ok());
  auto requests = site.requests();
  ASSERT_EQ(requests.size(), 4u);  // robots.txt and three pages
  for (size_t i = 2; i < requests.size(); ++i) EXPECT_GE(requests[i].second - requests[i - 1].second, 0.14);
}

TEST(Crawl, StoppedItGoesOnWithoutLossOrRepetition) {
  Site site;
  fill(site);
  Path out = crawl_folder("resume");
  CrawlOptions options = options_for(site, out);
  for (int pages = 1; pages <= 12; ++pages) {
    options.max_pages = 1;
    ASSERT_TRUE(crawl(options).ok());
    // As after a kill: half a line in the log, half a record in the WARC.
    for (const char* name : {"crawl.log", "crawl-00000.warc.gz"}) {
      std::FILE* file = std::fopen((out / name).c_str(), "ab");
      std::fputs("{\"url\": \"torn", file);
      std::fclose(file);
    }
  }
  options.max_pages = 100;
  ASSERT_TRUE(crawl(options).ok());
  EXPECT_EQ(stored(out, site.root()).size(), kAll.size() - 1);  // the feed itself is no document
  std::map<std::string, int> fetched;
  for (const auto& [path, when] : site.requests())
    if (path != "/robots.txt") {
      EXPECT_EQ(++fetched[path], 1) << path;
    }
}

TEST(Crawl, ADamagedLogIsAnError) {
  Site site;
  fill(site);
  for (const char* damage :
       {R"({"url": "http://a.example/", "status": "no"})", R"({"url": 1})", "[1]",
        R"({"url": "http://a.example/", "end": -1})", R"({"url": "http://a.example/", "found": 4294967296})"}) {
    Path out = crawl_folder("damaged");
    ASSERT_TRUE(write_file(out / "crawl.log", std::string(damage) + "\n").ok());
    auto done = crawl(options_for(site, out));
    ASSERT_FALSE(done.ok()) << damage;
    EXPECT_NE(done.error().to_string().find("crawl.log"), std::string::npos) << done.error().to_string();
  }
}

TEST(Crawl, RevisitAsksForWhatChanged) {
  Site site;
  fill(site);
  CrawlOptions options = options_for(site, crawl_folder("revisit"));
  auto first = crawl(options);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->before, 0u);
  options.revisit = true;
  options.seeds.clear();  // the log knows them, and the hosts that may be visited
  auto again = crawl(options);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->unchanged, 1u);  // /a.html has an ETag
  EXPECT_EQ(again->before, first->fetched);
  EXPECT_EQ(again->fetched, first->fetched - 1);
  EXPECT_LE(again->passed_over, first->passed_over);
}

TEST(Crawl, MistakesAreNamed) {
  CrawlOptions options;
  options.out = crawl_folder("mistakes");
  options.seeds = {"ftp://example.com/"};
  auto result = crawl(options);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kUsage);
}

// What was moved away between two runs, or while one writes, is whole; what comes after it begins a file of its own.
TEST(Crawl, AWarcThatIsMovedAwayIsNotWrittenAgain) {
  Site site;
  fill(site);
  CrawlOptions options = options_for(site, crawl_folder("moved_away"));
  Path away = crawl_folder("moved_away_to");
  for (int run = 0; run < 4; ++run) {
    options.max_pages = 3;
    ASSERT_TRUE(crawl(options).ok());
    std::vector<Path> files = *list_files(options.out);
    for (const Path& file : files)
      if (file.extension() == ".gz") std::filesystem::rename(file, away / file.filename());
  }
  EXPECT_EQ(stored(away, site.root()).size(), kAll.size() - 1);
}

TEST(WarcWriter, GoesOnInANewFileWhereItsOwnIsGone) {
  Path folder = crawl_folder("writer");
  auto writer = WarcWriter::open(folder, 0, 0, 1 << 30, "test");
  ASSERT_TRUE(writer.ok());
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
  ASSERT_TRUE(writer->response("http://a.example/1", head, "one").ok());
  std::filesystem::rename(folder / "crawl-00000.warc.gz", folder / "elsewhere.warc.gz");
  ASSERT_TRUE(writer->response("http://a.example/2", head, "two").ok());
  EXPECT_EQ(writer->number(), 1);
  std::filesystem::remove(folder / "crawl-00001.warc.gz");
  ASSERT_TRUE(writer->revisit("http://a.example/2", head).ok());
  EXPECT_EQ(writer->number(), 2);
  // The log says more than is there: what is left of a file is not filled up with zeros.
  auto later = WarcWriter::open(folder, 2, 1 << 20, 1 << 30, "test");
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(later->number(), 3);
  EXPECT_EQ(stored(folder, "http://a.example"), (std::set<std::string>{"/1"}));
}

}  // namespace
}  // namespace malmoi::data
