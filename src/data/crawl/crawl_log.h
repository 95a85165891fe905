// OUT/crawl.log: what a crawl found and what became of it, a JSON line each. With it a crawl goes on where it was.
//
//   {"url": U, "found": DEPTH}                       a page (or, with "sitemap": true, a sitemap) to visit
//   {"url": U, "status": 200, "warc": N, "end": B}   what came of it, and where the WARC is good up to
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "data/crawl/task.h"
#include "data/dedup/scratch.h"

namespace malmoi::data {

class CrawlLog {
 public:
  /// What earlier runs did.
  struct Past {
    uint64_t pages = 0, bytes = 0;  // stored
    int warc = 0;
    uint64_t warc_size = 0;
  };

  /// Opens or begins the log; a last line that was cut off is cut away.
  static Result<CrawlLog> open(const Path& folder);
  CrawlLog(CrawlLog&& other) noexcept;
  CrawlLog& operator=(CrawlLog&& other) noexcept;
  ~CrawlLog();

  /// Calls `found` for every URL in the log, in order, then `waits` for those that were not visited (with `revisit` for
  /// all, with what tells whether they changed), in the order they were found. Memory does not grow with the log: what
  /// is sorted goes to `scratch`. Errors: a log of another kind, what the two return.
  Result<Past> replay(const std::shared_ptr<ScratchFolder>& scratch, bool revisit,
                      const std::function<Status(const net::Url&)>& found,
                      const std::function<Status(Task)>& waits) const;

  Status append(const Json& line);

 private:
  CrawlLog(Path path, int fd) : path_(std::move(path)), fd_(fd) {}
  Result<Json> line_at(uint64_t offset) const;
  Path path_;
  int fd_ = -1;
};

}  // namespace malmoi::data
