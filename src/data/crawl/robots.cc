#include "data/crawl/robots.h"

#include <algorithm>
#include <cstdlib>

#include "base/ascii.h"

namespace malmoi::data {
namespace {

// `*` is any run of characters, `$` at the end the end; linear in pattern times path, without recursion.
bool matches(std::string_view pattern, std::string_view path) {
  bool anchored = pattern.ends_with('$');
  if (anchored) pattern.remove_suffix(1);
  size_t p = 0, s = 0, star = std::string_view::npos, mark = 0;
  while (s < path.size()) {
    if (p == pattern.size() && !anchored) return true;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = s;
    } else if (p < pattern.size() && pattern[p] == path[s]) {
      ++p;
      ++s;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      s = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

Robots Robots::parse(std::string_view text, std::string_view agent) {
  constexpr size_t kMaxBytes = 500 << 10;  // as the RFC has it
  text = text.substr(0, kMaxBytes);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Robots named, any;
  bool for_us = false, for_all = false, any_named = false, in_agents = false;
  std::vector<std::string> sitemaps;
  std::string own = ascii_lower(agent);
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find_first_of("\r\n", begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    line = ascii_trim(line.substr(0, line.find('#')));
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string key = ascii_lower(ascii_trim(line.substr(0, colon)));
    std::string_view value = ascii_trim(line.substr(colon + 1));
    if (key == "user-agent") {
      if (!in_agents) for_us = for_all = false;
      in_agents = true;
      std::string name = ascii_lower(ascii_trim(value.substr(0, value.find('/'))));  // some add a version
      for_all |= name == "*";
      bool ours = !name.empty() && name == own;
      for_us |= ours;
      any_named |= ours;
      continue;
    }
    if (key == "sitemap") {
      sitemaps.emplace_back(value);
      continue;
    }
    in_agents = false;
    for (Robots* group : {for_us ? &named : nullptr, for_all ? &any : nullptr}) {
      if (!group) continue;
      if (key == "crawl-delay") group->delay_ = std::clamp(std::atof(std::string(value).c_str()), 0.0, 3600.0);
      else if ((key == "allow" || key == "disallow") && !value.empty())
        group->rules_.push_back({std::string(value), key == "allow"});
    }
  }
  Robots chosen = any_named ? std::move(named) : std::move(any);
  chosen.sitemaps_ = std::move(sitemaps);
  return chosen;
}

bool Robots::allows(std::string_view path) const {
  if (path == "/robots.txt") return true;
  size_t best = 0;
  bool allowed = true;
  for (const Rule& rule : rules_) {
    if (rule.pattern.size() < best || !matches(rule.pattern, path)) continue;
    if (rule.pattern.size() == best && !rule.allow) {
      if (best > 0 && allowed) continue;
    }
    best = rule.pattern.size();
    allowed = rule.allow;
  }
  return allowed;
}

}  // namespace malmoi::data
