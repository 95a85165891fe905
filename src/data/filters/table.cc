// The table of filters: one line each, in the order of --help.
#include <fmt/format.h>

#include <algorithm>

#include "data/filters/entries.h"

namespace malmoi::data {

std::span<const FilterEntry> filter_table() {
  static const FilterEntry kTable[] = {
      kRepairFilter,        kCaseFoldFilter,         kPunctuationFilter, kLengthFilter,     kLanguageFilter,
      kGopherQualityFilter, kGopherRepetitionFilter, kC4Filter,          kFineWebFilter,    kKoreanFilter,
      kBoilerplateFilter,   kBadWordsFilter,         kQualityFilter,     kPerplexityFilter,
  };
  return kTable;
}

Result<std::unique_ptr<Filter>> make_filter(std::string_view name, ConfigReader& settings,
                                            const FilterContext& context) {
  std::vector<std::string> names;
  for (const FilterEntry& entry : filter_table()) {
    if (entry.name == name) return entry.make(settings, context);
    names.emplace_back(entry.name);
  }
  std::string near = nearest_word(name, names);
  return usage_error(
      fmt::format("unknown filter `{}`", name), settings.where(""),
      near.empty() ? fmt::format("one of: {}", fmt::join(names, ", ")) : fmt::format("did you mean `{}`?", near));
}

}  // namespace malmoi::data
