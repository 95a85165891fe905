// One host of a crawl: its tasks, when it may be asked again, and what its robots.txt allows (RFC 9309).
#pragma once

#include <string>

#include "data/crawl/frontier.h"
#include "data/crawl/robots.h"
#include "net/http_client.h"

namespace malmoi::data {

struct Host {
  static constexpr double kRobotsSeconds = 24 * 3600;  // a copy older than a day is asked for again
  static constexpr int kRobotsTries = 3;               // in one run, of a robots.txt that cannot be had
  static constexpr int kRobotsRedirects = 5;
  static constexpr uint64_t kRobotsBytes = 500 << 10;  // more is not read

  std::string root;  // scheme://host
  TaskQueue waiting;
  bool busy = false;
  double next = 0;  // seconds (monotonic) before which it is left alone
  Robots robots;
  double robots_until = 0;  // the same: from then on they must be asked for
  int robots_failures = 0, robots_redirects = 0;

  bool given_up() const { return robots_failures >= kRobotsTries; }

  /// What an answer for robots.txt means. A redirect to follow is in `location`.
  enum class RobotsAnswer { kKnown, kRedirect, kUnreachable };
  RobotsAnswer take_robots(const net::HttpResponse& response, const std::string& agent, double now,
                           std::string& location);
};

}  // namespace malmoi::data
