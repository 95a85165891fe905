// What a crawl has to do: one URL to ask for.
#pragma once

#include <string>

#include "net/url.h"

namespace malmoi::data {

enum class Purpose { kPage, kRobots, kSitemap };

struct Task {
  net::Url url;
  int depth = 0;  // links from a seed
  Purpose purpose = Purpose::kPage;
  int attempts = 0;
  std::string etag, modified;  // of the visit before, where only a change is asked for
};

}  // namespace malmoi::data
