// Collecting pages from the web into WARC files: politely, within limits, and so that a stopped crawl goes on.
//
// OUT/crawl-NNNNN.warc.gz   the pages as they came, a gzip member a record (ISO 28500): data build reads them
// OUT/crawl.log             what was found and what became of it, a JSON line each; with it a crawl goes on where it was,
//                           and a later visit asks only for what changed (ETag, Last-Modified)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"

namespace malmoi::data {

struct CrawlOptions {
  std::vector<std::string> seeds;  // pages, feeds or sitemaps
  Path out;
  std::string agent = "MalmoiBot/0.1";  // its product name is what robots.txt is asked for
  std::vector<std::string> hosts;       // that may be visited; empty: those of the seeds
  int max_depth = 5;                    // links from a seed
  uint64_t max_pages = 10000;
  uint64_t max_bytes = 10ull << 30;  // of all pages
  uint64_t max_page_bytes = 16ull << 20;
  uint64_t warc_bytes = 1ull << 30;  // then the next file
  double delay = 1.0;                // seconds between two requests to one host; robots.txt may ask for more
  double timeout = 30;               // seconds for a page
  double robots_retry = 10;  // seconds until a robots.txt that cannot be had is asked for again; then twice that
  int parallel = 8;          // hosts at once
  bool sitemaps = true;      // those that robots.txt names
  bool revisit = false;      // ask again for what was fetched before
  size_t held_urls = size_t{1} << 20;  // known URLs in memory (about 50 bytes each); the others are sorted on disk
  size_t held_tasks = 256;             // waiting pages of a host in memory; the others lie on disk
};

struct CrawlResult {
  uint64_t fetched = 0, unchanged = 0, failed = 0, disallowed = 0, passed_over = 0, bytes = 0;  // of this run
  uint64_t before = 0;  // pages that earlier runs fetched
  uint64_t left = 0;    // found and not visited, for the limits
};

/// robots.txt is obeyed as RFC 9309 has it: up to five redirects are followed, what is not there (4xx but 429) allows
/// all, what cannot be had (429, 5xx, no answer) nothing; it is asked for again twice, and the pages of a host that keeps
/// it to itself wait for another run. A copy counts for a day. Memory is bounded: see held_urls and held_tasks.
/// Runs until nothing is left, a limit is reached or a stop is requested (which is no error: run again to go on).
/// Errors: no seed that is a URL, an unwritable folder, a log of another kind.
Result<CrawlResult> crawl(const CrawlOptions& options, const Job& job = {});

}  // namespace malmoi::data
