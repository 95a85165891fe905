// robots.txt: its rules, and what it means where it leads elsewhere, is not there, or cannot be had.
#include "data/crawl/robots.h"

#include "data/crawl/host.h"
#include "data/crawl/test_site.h"

namespace malmoi::data {
namespace {

TEST(Robots, GroupsWildcardsAndPrecedence) {
  Robots robots = Robots::parse(
      "User-agent: other\nDisallow: /\n\nUser-agent: MalmoiBot\nUser-agent: x\nDisallow: /a\nAllow: /a/b$\nDisallow: "
      "/*.pdf$\nCrawl-delay: 2.5\n\n"
      "User-agent: *\nDisallow: /all\n",
      "MalmoiBot");
  EXPECT_FALSE(robots.allows("/a/c"));
  EXPECT_TRUE(robots.allows("/a/b"));
  EXPECT_FALSE(robots.allows("/a/bc"));
  EXPECT_FALSE(robots.allows("/x/y.pdf"));
  EXPECT_TRUE(robots.allows("/x/y.pdf?z"));
  EXPECT_TRUE(robots.allows("/every"));
  EXPECT_EQ(robots.crawl_delay(), 2.5);
  EXPECT_FALSE(Robots::parse("User-agent: malmoibot/1.0\nDisallow: /", "MalmoiBot").allows("/"));
  EXPECT_TRUE(Robots::parse("User-agent: Malmoi\nDisallow: /", "MalmoiBot").allows("/")) << "another's name";
  EXPECT_TRUE(Robots::parse("User-agent: *\nDisallow:\n", "MalmoiBot").allows("/"));
}

TEST(Robots, ACopyCountsForADay) {
  Host host;
  std::string location;
  net::HttpResponse good{.status = 200, .body = "User-agent: *\nDisallow: /a\n"}, busy{.status = 429},
      silent{.failure = "no answer"};
  EXPECT_EQ(host.take_robots(good, "Bot/1", 1000, location), Host::RobotsAnswer::kKnown);
  EXPECT_EQ(host.robots_until, 1000 + 24 * 3600);
  EXPECT_FALSE(host.robots.allows("/a"));
  // Asked again after that, it cannot be had: nothing is asked for, and after three times the host is given up.
  EXPECT_EQ(host.take_robots(busy, "Bot/1", 90000, location), Host::RobotsAnswer::kUnreachable);
  EXPECT_EQ(host.take_robots(silent, "Bot/1", 90001, location), Host::RobotsAnswer::kUnreachable);
  EXPECT_FALSE(host.given_up());
  EXPECT_LT(host.robots_until, 90000);
  EXPECT_EQ(host.take_robots(silent, "Bot/1", 90002, location), Host::RobotsAnswer::kUnreachable);
  EXPECT_TRUE(host.given_up());
}

TEST(Crawl, RobotsThatLeadElsewhereAreFollowed) {
  Site site;
  fill(site);
  for (int hop = 1; hop <= 5; ++hop) {
    std::string from = hop == 1 ? "/robots.txt" : "/hop" + std::to_string(hop - 1);
    site.page(from, "", "Location: " + (hop == 5 ? "/rules.txt" : "/hop" + std::to_string(hop)) + "\r\n");
  }
  site.page("/rules.txt", "User-agent: *\nDisallow: /deep\n", "Content-Type: text/plain\r\n");
  CrawlOptions options = options_for(site, crawl_folder("robots_moved"));
  auto result = crawl(options);
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(stored(options.out, site.root()).contains("/deep/b.html"));
  EXPECT_EQ(result->disallowed, 1u);

  // A sixth redirect, or one that leads in circles: as if there were none.
  site.page("/robots.txt", "", "Location: /robots.txt\r\n");
  options = options_for(site, crawl_folder("robots_circle"));
  result = crawl(options);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(stored(options.out, site.root()).contains("/deep/b.html"));
}

TEST(Crawl, RobotsThatCannotBeHadAllowNothing) {
  for (const char* status : {"429 Too Many Requests", "503 Service Unavailable", "500 Oops"}) {
    Site site;
    fill(site);
    site.page("/robots.txt", "", std::string("Status: ") + status + "\r\n");
    CrawlOptions options = options_for(site, crawl_folder("robots_down"));
    options.robots_retry = 0.01;
    std::vector<std::string> lines, warnings;
    Job job;
    job.progress = [&](const std::string& line) { lines.push_back(line); };
    job.warn = [&](const std::string& line) { warnings.push_back(line); };
    auto result = crawl(options, job);
    ASSERT_TRUE(result.ok());
    // What it waits for is said while it waits.
    ASSERT_FALSE(lines.empty());
    EXPECT_EQ(lines.front(), "0 pages, 0 B, 1 waiting  " + site.root() + "/robots.txt");
    ASSERT_EQ(warnings.size(), 3u);
    EXPECT_NE(warnings[0].find("cannot be had (status " + std::string(status, 3)), std::string::npos) << warnings[0];
    EXPECT_NE(warnings[0].find("asked for again in"), std::string::npos) << warnings[0];
    EXPECT_NE(warnings[2].find("another run"), std::string::npos) << warnings[2];
    EXPECT_EQ(result->fetched, 0u) << status;
    EXPECT_EQ(result->left, 1u) << "the page waits for another run";
    EXPECT_EQ(site.requests().size(), 3u) << "it was asked for again";
    fill(site);  // and now it is there
    auto again = crawl(options);
    ASSERT_TRUE(again.ok());
    EXPECT_GE(again->fetched, kAll.size() - 1);
  }
}

TEST(Crawl, RobotsThatAreForbiddenOrGoneAllowAll) {
  for (const char* status : {"403 Forbidden", "404 Not Found", "410 Gone"}) {
    Site site;
    fill(site);
    site.page("/robots.txt", "", std::string("Status: ") + status + "\r\n");
    CrawlOptions options = options_for(site, crawl_folder("robots_gone"));
    auto result = crawl(options);
    ASSERT_TRUE(result.ok());
    EXPECT_TRUE(stored(options.out, site.root()).contains("/a.html")) << status;
  }
}

TEST(Crawl, OfLongRobotsTheBeginningCounts) {
  Site site;
  fill(site);
  site.page("/robots.txt", "User-agent: *\nDisallow: /deep\n" + std::string(600 << 10, '#'),
            "Content-Type: text/plain\r\n");
  CrawlOptions options = options_for(site, crawl_folder("robots_long"));
  auto result = crawl(options);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->disallowed, 1u);
  EXPECT_TRUE(stored(options.out, site.root()).contains("/a.html"));
}

}  // namespace
}  // namespace malmoi::data
