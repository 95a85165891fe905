#include "app/data/scorers.h"

#include <memory>
#include <mutex>
#include <vector>

#include "app/use/generate.h"
#include "eval/perplexity.h"

namespace malmoi::app {
namespace {

class ModelScorer {
 public:
  static Result<std::shared_ptr<ModelScorer>> load(const std::string& name, const Job& job) {
    auto scorer = std::make_shared<ModelScorer>();
    MALMOI_ASSIGN(scorer->loaded_, load_for_generation(name, {DType::kBF16}, job));
    if (!scorer->loaded_.tokenizer)
      return invalid_data("has no tokenizer", name, "a scorer reads text: put tokenizer.json beside the model");
    return scorer;
  }

  Result<double> score(std::string_view text) {
    MALMOI_ASSIGN(std::unique_ptr<eval::PerplexityMeter> meter, take());
    const eval::Perplexity before = meter->result();
    MALMOI_TRY(meter->add_text(text));
    double nats = meter->result().nats - before.nats;
    int64_t tokens = meter->result().tokens - before.tokens;
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(meter));
    if (tokens == 0) return invalid_data("no token that could be scored");
    return nats / static_cast<double>(tokens);
  }

 private:
  Result<std::unique_ptr<eval::PerplexityMeter>> take() {
    std::lock_guard lock(mutex_);
    if (idle_.empty()) {
      MALMOI_ASSIGN(auto meter, eval::PerplexityMeter::create(*loaded_.model, loaded_.tokenizer.get(), {}));
      return std::make_unique<eval::PerplexityMeter>(std::move(meter));
    }
    auto meter = std::move(idle_.back());
    idle_.pop_back();
    return meter;
  }

  LoadedModel loaded_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<eval::PerplexityMeter>> idle_;
};

}  // namespace

Result<data::FilterContext> filter_context(const data::Recipe& recipe, const Job& job) {
  data::FilterContext context;
  for (const data::FilterSpec& filter : recipe.filters) {
    std::string name = filter.name == "perplexity" ? json_string(filter.settings, "scorer") : std::string();
    if (name.empty() || context.scorers.contains(name)) continue;
    MALMOI_ASSIGN(std::shared_ptr<ModelScorer> scorer, ModelScorer::load(name, job));
    context.scorers[name] = [scorer](std::string_view text) { return scorer->score(text); };
  }
  return context;
}

}  // namespace malmoi::app
