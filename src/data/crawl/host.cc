#include "data/crawl/host.h"

#include "net/headers.h"

namespace malmoi::data {

Host::RobotsAnswer Host::take_robots(const net::HttpResponse& response, const std::string& agent, double now,
                                     std::string& location) {
  bool cut = response.too_large;  // its beginning counts
  bool answered = response.failure.empty() || cut;
  if (!answered || response.status == 429 || response.status >= 500) {
    ++robots_failures;
    robots_redirects = 0;
    return RobotsAnswer::kUnreachable;
  }
  if (response.status >= 300 && response.status < 400 && robots_redirects < kRobotsRedirects) {
    net::Headers headers;
    headers.parse_http(response.head);
    location = headers.get("location");
    ++robots_redirects;
    if (!location.empty()) return RobotsAnswer::kRedirect;
  }
  // Not there, or led in circles: everything is allowed.
  robots = response.status == 200 ? Robots::parse(response.body, agent.substr(0, agent.find('/'))) : Robots();
  robots_failures = robots_redirects = 0;
  robots_until = now + kRobotsSeconds;
  return RobotsAnswer::kKnown;
}

}  // namespace malmoi::data
