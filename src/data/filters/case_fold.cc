// Case folding (Unicode's full folding) of the whole text, for corpora that want it.
#include <unicode/unistr.h>

#include "data/filters/entries.h"
#include "data/filters/filter_common.h"

namespace malmoi::data {
namespace {

class CaseFold final : public LanguageFilter {
 public:
  explicit CaseFold(ConfigReader& settings) : LanguageFilter(settings) {}

 protected:
  Verdict look(Document& document) const override {
    std::string folded;
    auto text = icu::UnicodeString::fromUTF8(document.text);
    text.foldCase();
    text.toUTF8String(folded);
    if (folded == document.text) return keep();
    document.text = std::move(folded);
    return repaired("case_fold");
  }
};

}  // namespace

const FilterEntry kCaseFoldFilter = {"case_fold", "all letters in one case", make_simple<CaseFold>};

}  // namespace malmoi::data
