// The filters' entries, one a file; table.cc lists them.
#pragma once

#include "data/filter.h"

namespace malmoi::data {

extern const FilterEntry kRepairFilter;
extern const FilterEntry kCaseFoldFilter;
extern const FilterEntry kPunctuationFilter;
extern const FilterEntry kLengthFilter;
extern const FilterEntry kLanguageFilter;
extern const FilterEntry kGopherQualityFilter;
extern const FilterEntry kGopherRepetitionFilter;
extern const FilterEntry kC4Filter;
extern const FilterEntry kFineWebFilter;
extern const FilterEntry kKoreanFilter;
extern const FilterEntry kBoilerplateFilter;
extern const FilterEntry kBadWordsFilter;
extern const FilterEntry kQualityFilter;
extern const FilterEntry kPerplexityFilter;

}  // namespace malmoi::data
