// What the filters share: verdicts with measured values, and the choice of the languages a filter is for.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "data/filter.h"

namespace malmoi::data {

inline Verdict keep() { return {}; }
inline Verdict repaired(std::string rule, std::string detail = {}) {
  return {true, std::move(rule), std::move(detail)};
}
inline Verdict drop(std::string rule, std::string detail) { return {false, std::move(rule), std::move(detail)}; }
/// `0.41 > 0.3`, `12 < 50`.
inline std::string compared(double value, char sign, double limit) {
  return fmt::format("{:.4g} {} {:.4g}", value, sign, limit);
}

/// A filter that looks only at documents of some languages (setting `languages`; none given: all).
class LanguageFilter : public Filter {
 public:
  Verdict apply(Document& document) const final {
    bool mine = languages_.empty() || document.language.empty() ||
                std::find(languages_.begin(), languages_.end(), document.language) != languages_.end();
    return mine ? look(document) : keep();
  }

 protected:
  explicit LanguageFilter(ConfigReader& settings, std::vector<std::string> fallback = {})
      : languages_(settings.texts("languages", std::move(fallback))) {}
  virtual Verdict look(Document& document) const = 0;

 private:
  std::vector<std::string> languages_;
};

/// Makes a filter whose constructor reads all its settings, and finishes the reader.
template <typename T>
Result<std::unique_ptr<Filter>> make_simple(ConfigReader& settings, const FilterContext&) {
  auto filter = std::make_unique<T>(settings);
  MALMOI_TRY(settings.finish());
  return std::unique_ptr<Filter>(std::move(filter));
}

}  // namespace malmoi::data
