// Filters: each looks at (or repairs) one document and keeps or drops it, with the reason.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/config.h"
#include "base/error.h"
#include "data/document.h"

namespace malmoi::data {

/// What a filter says of one document. A dropped one names the rule and the measured value, for `--why` and the report.
struct Verdict {
  bool keep = true;
  std::string rule;    // "gopher_quality.mean_word_length"; of a kept document: what was repaired, or empty
  std::string detail;  // "2.1 < 3"
};

/// What filters may be given besides their settings.
struct FilterContext {
  /// Scorers by name, for the perplexity filter: the mean negative log-likelihood a token (nats). Thread-safe.
  std::map<std::string, std::function<Result<double>(std::string_view text)>, std::less<>> scorers;
};

/// One stage over single documents. `apply` may change the document; it is const and may run on many threads at once.
class Filter {
 public:
  virtual ~Filter() = default;
  virtual Verdict apply(Document& document) const = 0;
};

/// A line of the filters' table: its name in recipes, a sentence for --help, and how to make it from its settings.
struct FilterEntry {
  std::string_view name;
  std::string_view summary;
  Result<std::unique_ptr<Filter>> (*make)(ConfigReader& settings, const FilterContext& context);
};

/// Every filter; a test walks it.
std::span<const FilterEntry> filter_table();

/// Makes the filter `name` from its settings. Errors: an unknown name (with the nearest known), unknown or wrong settings.
Result<std::unique_ptr<Filter>> make_filter(std::string_view name, ConfigReader& settings,
                                            const FilterContext& context = {});

}  // namespace malmoi::data
