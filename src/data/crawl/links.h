// What a fetched page leads to: links of HTML, entries of feeds, locations of sitemaps.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/url.h"

namespace malmoi::data {

using net::parse_url;
using net::resolve_url;
using net::Url;

struct PageLinks {
  std::vector<Url> links;
  std::vector<Url> sitemaps;  // of a sitemap index
  bool store = true;          // false: <meta name=robots content=noindex>
};

/// `content_type` as the server says, the content itself deciding where that says little. nofollow is respected.
PageLinks find_links(const Url& page, std::string_view content_type, std::string_view body);

}  // namespace malmoi::data
