// `malmoi data crawl`: web pages into WARC files. The work is data/crawl's; here is how its counts are printed.
#pragma once

#include "base/json.h"
#include "data/crawl/crawler.h"

namespace malmoi::app {

Json to_json(const data::CrawlResult& result);

}  // namespace malmoi::app
