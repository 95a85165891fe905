// Perplexity by a language model: a scorer that the caller has, or an n-gram model of ours. Too high is noise, too low
// is boilerplate.
#include <cmath>
#include <limits>
#include <optional>

#include "data/classifier/ngram_model.h"
#include "data/filters/entries.h"
#include "data/filters/filter_common.h"

namespace malmoi::data {
namespace {

class Perplexity final : public LanguageFilter {
 public:
  Perplexity(ConfigReader& s, const FilterContext& context)
      : LanguageFilter(s), min_(s.number("min", 0, 0)), max_(s.number("max", std::numeric_limits<double>::max(), 1)) {
    std::string scorer = s.text("scorer", ""), model = s.text("model", "");
    if (scorer.empty() == model.empty()) {
      s.fail("model", "give either a model or a scorer", "model: FILE of malmoi data train-filter ngram");
      return;
    }
    if (!model.empty()) {
      Result<NgramModel> loaded = NgramModel::load(model);
      if (!loaded.ok()) {
        s.fail("model", loaded.error().to_string());
        return;
      }
      model_ = *std::move(loaded);
      return;
    }
    auto it = context.scorers.find(scorer);
    if (it == context.scorers.end()) {
      s.fail("scorer", fmt::format("no scorer is called `{}`", scorer),
             "name a model, or use model: FILE of malmoi data train-filter ngram");
      return;
    }
    scorer_ = it->second;
  }

 protected:
  Verdict look(Document& document) const override {
    Result<double> loss = model_ ? Result<double>(model_->score(document.text)) : scorer_(document.text);
    if (!loss.ok()) return drop("perplexity.failed", loss.error().to_string());
    double perplexity = std::exp(*loss);
    if (perplexity > max_) return drop("perplexity.high", compared(perplexity, '>', max_));
    if (perplexity < min_) return drop("perplexity.low", compared(perplexity, '<', min_));
    return keep();
  }

 private:
  double min_, max_;
  std::optional<NgramModel> model_;
  std::function<Result<double>(std::string_view)> scorer_;
};

Result<std::unique_ptr<Filter>> make_perplexity(ConfigReader& settings, const FilterContext& context) {
  auto filter = std::make_unique<Perplexity>(settings, context);
  MALMOI_TRY(settings.finish());
  return std::unique_ptr<Filter>(std::move(filter));
}

}  // namespace

const FilterEntry kPerplexityFilter = {
    "perplexity", "perplexity by a language model (scorer: MODEL) or an n-gram model (model: FILE)", make_perplexity};

}  // namespace malmoi::data
