#include "app/data/crawl.h"

namespace malmoi::app {

Json to_json(const data::CrawlResult& r) {
  return {
      {"fetched", r.fetched},       {"before", r.before},           {"unchanged", r.unchanged}, {"failed", r.failed},
      {"disallowed", r.disallowed}, {"passed_over", r.passed_over}, {"bytes", r.bytes},         {"left", r.left}};
}

}  // namespace malmoi::app
