// `malmoi data crawl`: web pages into WARC files.
#pragma once

#include "base/json.h"
#include "data/crawl/crawler.h"

namespace malmoi::app {

/// Crawls; returns the counts. See data/crawl/crawler.h.
Result<Json> data_crawl(const data::CrawlOptions& options,
                        const std::function<void(const data::CrawlProgress&)>& progress);

}  // namespace malmoi::app
