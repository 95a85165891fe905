// Quality by a trained classifier: documents that look like the bad examples go.
#include "data/classifier/quality_model.h"
#include "data/filters/entries.h"
#include "data/filters/filter_common.h"

namespace malmoi::data {
namespace {

class Quality final : public LanguageFilter {
 public:
  explicit Quality(ConfigReader& s) : LanguageFilter(s), min_score_(s.number("min_score", 0.5, 0, 1)) {
    std::string model = s.text("model", "");
    if (model.empty()) {
      s.fail("model", "no model is given", "make one: malmoi data train-filter quality");
      return;
    }
    Result<QualityModel> loaded = QualityModel::load(model);
    if (!loaded.ok()) {
      s.fail("model", loaded.error().to_string());
      return;
    }
    model_ = *std::move(loaded);
  }

 protected:
  Verdict look(Document& document) const override {
    double score = model_.score(document.text);
    return score < min_score_ ? drop("quality.score", compared(score, '<', min_score_)) : keep();
  }

 private:
  double min_score_;
  QualityModel model_;
};

}  // namespace

const FilterEntry kQualityFilter = {"quality", "a trained classifier of good and bad texts (needs a model)",
                                    make_simple<Quality>};

}  // namespace malmoi::data
