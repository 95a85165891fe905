#include "app/compress/calibrate.h"

#include <deque>

#include <fmt/format.h>

#include "app/compress/texts.h"
#include "app/use/generate.h"
#include "autograd/observed_weight.h"
#include "base/counted.h"
#include "eval/perplexity.h"
#include "model/gguf_weights.h"
#include "quantize/gguf_settings.h"

namespace malmoi::app {
namespace {

using autograd::ColumnSquares;

// Texts are cut so that the states of a window are small beside the model.
constexpr int64_t kWindow = 512;

// Whether a file is one that llama-imatrix wrote.
bool holds_importance(const Path& path) { return path.extension() == ".imatrix" || path.extension() == ".gguf"; }

// Adds each document up. Errors: none holds a token that could be predicted.
template <typename Meter>
Status read_texts(const Path& path, Meter& meter, const Job& job) {
  MALMOI_TRY(each_text(path, job, [&](const std::string& text) { return meter.add_text(text); }));
  if (meter.result().tokens > 0) return {};
  return invalid_data("holds no token that could be read", path.string(), "give longer text");
}

// Each slot of a model that is observed.
struct Observed {
  const nn::ParameterSet::Entry* entry;
  std::vector<ColumnSquares> slots;
};

std::deque<Observed> observe(model::Model& model) {
  std::deque<Observed> all;
  for (auto& entry : model.parameters.entries()) {
    if (entry->slots.empty()) continue;
    all.push_back({entry.get(), std::vector<ColumnSquares>(entry->slots.size())});
    for (size_t i = 0; i < entry->slots.size(); ++i) {
      ColumnSquares& seen = all.back().slots[i];
      entry->slots[i]->wrap([&](std::unique_ptr<autograd::Weight> base) {
        return std::make_unique<autograd::ObservedWeight>(std::move(base), autograd::add_squares_to(seen));
      });
    }
  }
  return all;
}

// Of each source the squares of the slot that it is in: parts of a fused matrix read the same rows.
void add_importance(const Observed& observed, const model::GgufDialect& dialect, quantize::Importance& all) {
  const nn::ParameterSpec& spec = observed.entry->spec;
  const int64_t slot_rows = spec.shape.rows() / static_cast<int64_t>(observed.slots.size());
  for (const nn::Source& source : spec.sources) {
    const ColumnSquares& seen = observed.slots[static_cast<size_t>(source.row_begin / slot_rows)];
    std::vector<double> sums = seen.sums;
    sums.resize(static_cast<size_t>(spec.shape.columns()));
    const std::vector<float> importance = quantize::importance_of(sums, static_cast<double>(seen.rows));
    const model::GgufPlace place = model::place_of(dialect, source.name);
    std::vector<float>& of_tensor = all[place.tensor];
    const size_t begin = static_cast<size_t>(std::max<int64_t>(place.expert, 0)) * importance.size();
    if (of_tensor.size() < begin + importance.size()) of_tensor.resize(begin + importance.size());
    std::ranges::copy(importance, of_tensor.begin() + static_cast<std::ptrdiff_t>(begin));
  }
}

}  // namespace

Result<quantize::Importance> calibrate(const std::string& model, const Path& text, const Job& job) {
  if (holds_importance(text)) return quantize::read_importance(text);
  MALMOI_ASSIGN(LoadedModel loaded, load_for_generation(model, {DType::kBF16}, job));
  const model::GgufDialect* dialect = quantize::dialect_of(loaded.model->model_type());
  if (!dialect) return quantize::not_in_gguf("the family " + loaded.model->model_type() + " is not written there");
  const std::deque<Observed> observed = observe(*loaded.model);
  MALMOI_ASSIGN(auto meter, eval::PerplexityMeter::create(*loaded.model, loaded.tokenizer.get(), {.window = kWindow}));
  MALMOI_TRY(read_texts(text, meter, job));
  quantize::Importance importance;
  for (const Observed& one : observed) add_importance(one, *dialect, importance);
  job.message(fmt::format("calibrated on {}", counted(static_cast<uint64_t>(meter.result().tokens), "token")));
  return importance;
}

Result<eval::Divergence> measure_loss(const std::string& model, const Path& quantised, const Path& text,
                                      const Job& job) {
  MALMOI_ASSIGN(const LoadedModel before, load_for_generation(model, {DType::kBF16}, job));
  MALMOI_ASSIGN(const LoadedModel after, load_for_generation(quantised.string(), {DType::kBF16}, job));
  MALMOI_ASSIGN(auto meter, eval::DivergenceMeter::create(*before.model, *after.model, *before.tokenizer, kWindow));
  MALMOI_TRY(read_texts(text, meter, job));
  return meter.result();
}

}  // namespace malmoi::app
