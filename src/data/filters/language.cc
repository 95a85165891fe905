// Languages: documents (or their paragraphs) in others than the wanted ones go; the document's language is noted.
#include "data/filters/entries.h"
#include "data/filters/filter_common.h"
#include "data/filters/language_id.h"
#include "data/filters/text_stats.h"

namespace malmoi::data {
namespace {

class LanguageChoice final : public Filter {
 public:
  explicit LanguageChoice(ConfigReader& s)
      : wanted_(s.texts("languages", {"ko", "en"})),
        min_share_(s.number("min_share", 0.65, 0, 1)),
        paragraphs_(s.boolean("paragraphs", false)) {}

  Verdict apply(Document& document) const override {
    LanguageShares found = identify_languages(document.text);
    Verdict verdict = keep();
    if (paragraphs_ && wanted_share(found) < 0.999) verdict = drop_paragraphs(document, found);
    document.language = found.main();
    double share = wanted_share(found);
    if (share < min_share_)
      return drop("language.share", fmt::format("{} ({})", compared(share, '<', min_share_),
                                                found.main().empty() ? "unknown" : found.main()));
    return verdict;
  }

 private:
  double wanted_share(const LanguageShares& found) const {
    double sum = 0;
    for (const auto& [code, share] : found.shares)
      sum += share * std::any_of(wanted_.begin(), wanted_.end(), [&, &code = code](const std::string& wanted) {
               return is_same_language(wanted, code);
             });
    return sum;
  }

  // Paragraphs that are surely in another language go, with their place; short ones stay.
  Verdict drop_paragraphs(Document& document, LanguageShares& found) const {
    std::string kept;
    size_t dropped = 0;
    for (std::string_view paragraph : split_paragraphs(document.text)) {
      LanguageShares shares = identify_languages(paragraph);
      if (shares.reliable && wanted_share(shares) < min_share_) {
        ++dropped;
        continue;
      }
      if (!kept.empty()) kept += "\n\n";
      kept += paragraph;
    }
    if (dropped == 0) return keep();
    document.text = std::move(kept);
    found = identify_languages(document.text);
    return repaired("language.paragraphs", fmt::format("{} paragraphs dropped", dropped));
  }

  std::vector<std::string> wanted_;
  double min_share_;
  bool paragraphs_;
};

}  // namespace

const FilterEntry kLanguageFilter = {"language", "documents or paragraphs in the wanted languages",
                                     make_simple<LanguageChoice>};

}  // namespace malmoi::data
