// robots.txt (RFC 9309): what a site allows, how fast, and where its sitemaps are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace malmoi::data {

class Robots {
 public:
  /// Everything allowed.
  Robots() = default;
  /// `agent`: the crawler's product name. The group that names it counts, else that of `*`.
  static Robots parse(std::string_view text, std::string_view agent);

  /// `path` with its query. The longest rule wins, of equally long ones the allowing.
  bool allows(std::string_view path) const;
  double crawl_delay() const { return delay_; }  // seconds; 0: none asked
  const std::vector<std::string>& sitemaps() const { return sitemaps_; }

 private:
  struct Rule {
    std::string pattern;
    bool allow = false;
  };
  std::vector<Rule> rules_;
  double delay_ = 0;
  std::vector<std::string> sitemaps_;
};

}  // namespace malmoi::data
