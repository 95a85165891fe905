#include "model/name_pattern.h"

#include <algorithm>
#include <cctype>

namespace malmoi::model {
namespace {

// The parser of std::regex calls itself.
constexpr size_t kLongestPattern = 512;
constexpr size_t kLongestName = 512;

bool is_plain(const std::string& pattern) {
  return std::ranges::all_of(pattern, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '.'; });
}

}  // namespace

Result<NamePattern> NamePattern::make(const std::string& pattern, Part part) {
  if (pattern.size() > kLongestPattern)
    return unsupported("a pattern has " + std::to_string(pattern.size()) + " characters", "pattern",
                       "write it in at most " + std::to_string(kLongestPattern));
  // One for each module of a large model is common, and quick this way.
  if (part == Part::kEnd && is_plain(pattern)) return NamePattern(pattern, nullptr);
  const std::string whole = part == Part::kWhole ? pattern : "(.*\\.)?(" + pattern + ")";
  try {
    // The polynomial way of matching: no pattern of a hostile file takes for ever.
    return NamePattern(
        "", std::make_shared<std::regex>(whole, std::regex::ECMAScript | std::regex_constants::__polynomial));
  } catch (const std::regex_error&) {
    return unsupported("the pattern '" + pattern + "' cannot be read", "pattern",
                       "write it without what Python's regular expressions alone have");
  }
}

bool NamePattern::matches(const std::string& name) const {
  if (name.size() > kLongestName) return false;
  if (regex_) return std::regex_match(name, *regex_);
  if (plain_.size() > name.size()) return false;
  const size_t first = name.size() - plain_.size();
  if (first > 0 && name[first - 1] != '.') return false;
  return std::equal(plain_.begin(), plain_.end(), name.begin() + static_cast<std::ptrdiff_t>(first),
                    [](char pattern, char c) { return pattern == '.' || pattern == c; });
}

}  // namespace malmoi::model
