// What a crawler reads of foreign sites: robots.txt, links of pages, sitemaps and feeds, URLs.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "data/crawl/links.h"
#include "data/crawl/robots.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::data;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Robots robots = Robots::parse(text, "MalmoiBot");
  robots.allows(text.substr(0, 100));
  Url base = *parse_url("http://example.com/a/b?c");
  resolve_url(base, text);
  find_links(base, "text/html", text);
  find_links(base, "application/xml", text);
  return 0;
}
