#include "app/data/crawl.h"

namespace malmoi::app {

Result<Json> data_crawl(const data::CrawlOptions& options,
                        const std::function<void(const data::CrawlProgress&)>& progress) {
  MALMOI_ASSIGN(data::CrawlResult result, data::crawl(options, progress));
  return Json{{"fetched", result.fetched},       {"before", result.before},
              {"unchanged", result.unchanged},   {"failed", result.failed},
              {"disallowed", result.disallowed}, {"passed_over", result.passed_over},
              {"bytes", result.bytes},           {"left", result.left}};
}

}  // namespace malmoi::app
