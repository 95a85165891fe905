// Counts of a build: what came in, what went, why, and what is left. Sums of parts in any order are equal.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/error.h"
#include "base/json.h"

namespace malmoi::data {

struct Tally {
  std::map<std::string, uint64_t> counts;  // "documents.read", "dropped.RULE", "language.ko.bytes" ...

  void add(const std::string& name, uint64_t n = 1) { counts[name] += n; }
  uint64_t get(const std::string& name) const {
    auto found = counts.find(name);
    return found == counts.end() ? 0 : found->second;
  }
  void merge(const Tally& other) {
    for (const auto& [name, n] : other.counts) counts[name] += n;
  }
  /// The counts under a prefix, without it: of "dropped." {"read.binary": 3 ...}.
  std::map<std::string, uint64_t> under(const std::string& prefix) const {
    std::map<std::string, uint64_t> out;
    for (auto at = counts.lower_bound(prefix); at != counts.end() && at->first.starts_with(prefix); ++at)
      out[at->first.substr(prefix.size())] = at->second;
    return out;
  }
  Json to_json() const {
    Json out = Json::object();
    for (const auto& [name, n] : counts) out[name] = n;
    return out;
  }
  static Tally from_json(const Json& json) {
    Tally tally;
    if (json.is_object())
      for (const auto& [name, n] : json.items())
        if (n.is_number_unsigned()) tally.counts[name] = n.get<uint64_t>();
    return tally;
  }
};

}  // namespace malmoi::data
