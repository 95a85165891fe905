#include "app/compress/activations.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "autograd/observed_weight.h"
#include "base/counted.h"
#include "data/corpus.h"
#include "eval/perplexity.h"
#include "model/layer_names.h"
#include "tensor/dtype.h"
#include "tokenizer/document_marks.h"

namespace malmoi::app {
namespace {

using autograd::ColumnSquares;

// The mean over samples of what the squares of one sample add up to, at each column.
class MeanNorms {
 public:
  autograd::Observer observer() { return autograd::add_squares_to(seen_); }
  void end_sample() {
    norms_.resize(seen_.sums.size());
    for (size_t c = 0; c < norms_.size(); ++c) norms_[c] += std::sqrt(seen_.sums[c]);
    ++samples_;
    seen_ = {};
  }
  std::vector<double> mean() const {
    std::vector<double> means = norms_;
    for (double& mean : means) mean /= static_cast<double>(std::max<int64_t>(samples_, 1));
    return means;
  }

 private:
  ColumnSquares seen_;
  std::vector<double> norms_;
  int64_t samples_ = 0;
};

// How far the stream turns from one layer's norm to the next one's: both see the same rows in one pass, behind a norm whose weights are
// taken out again, which leaves directions.
class StreamTurns {
 public:
  explicit StreamTurns(size_t layers) : sums_(layers) {}

  autograd::Observer at(size_t place, std::vector<float> norm) {
    return [this, place, norm = std::move(norm)](const Tensor& x) { see(place, norm, x); };
  }
  std::vector<double> means() const {
    std::vector<double> means = sums_;
    for (double& mean : means) mean /= static_cast<double>(std::max<int64_t>(tokens_, 1));
    return means;
  }

 private:
  // `place`: 0 before the first layer, as many as there are layers before the head.
  void see(size_t place, const std::vector<float>& norm, const Tensor& x) {
    std::vector<float> rows(static_cast<size_t>(x.elements()));
    convert(x.data(), x.dtype(), rows.data(), DType::kF32, rows.size());
    const size_t width = norm.size();
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = norm[i % width] != 0 ? rows[i] / norm[i % width] : 0.0f;
    if (place > 0 && before_.size() == rows.size()) {
      for (size_t begin = 0; begin < rows.size(); begin += width) sums_[place - 1] += turn(rows, begin, width);
      if (place == 1) tokens_ += static_cast<int64_t>(rows.size() / width);
    }
    before_ = std::move(rows);
  }
  double turn(const std::vector<float>& after, size_t begin, size_t width) const {
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = begin; i < begin + width; ++i) {
      const auto a = static_cast<double>(before_[i]), b = static_cast<double>(after[i]);
      ab += a * b;
      aa += a * a;
      bb += b * b;
    }
    return aa > 0 && bb > 0 ? 1 - ab / std::sqrt(aa * bb) : 0;
  }

  std::vector<double> sums_;
  std::vector<float> before_;
  int64_t tokens_ = 0;
};

// All that is watched of one model.
class Watch {
 public:
  Watch(model::Model& model, const reshape::PruneSizes& sizes)
      : model_(model),
        sizes_(sizes),
        turns_(static_cast<size_t>(sizes.layers)),
        inner_(static_cast<size_t>(sizes.layers)),
        heads_(static_cast<size_t>(sizes.layers)) {}

  void begin() {
    for (auto& entry : model_.parameters.entries()) {
      if (entry->slots.empty()) continue;
      const auto name = model::layer_of(entry->spec.sources[0].name);
      if (!name) continue;
      const auto layer = static_cast<size_t>(name->layer);
      if (name->rest == ".self_attn.q_proj.weight") {
        watch_stream(*entry->slots[0]);
        watch(*entry->slots[0], turns_.at(layer, norm_of(layer_norm_name(*name, ".input_layernorm.weight"))));
      } else if (name->rest == ".mlp.gate_proj.weight") {
        watch_stream(*entry->slots[0]);
      } else if (name->rest == ".mlp.down_proj.weight") {
        watch(*entry->slots[0], inner_[layer].observer());
      } else if (name->rest == ".self_attn.o_proj.weight") {
        watch(*entry->slots[0], heads_[layer].observer());
      }
    }
    watch(*model_.head->weight, turns_.at(static_cast<size_t>(sizes_.layers), norm_of("model.norm.weight")));
  }

  void end_sample() {
    for (MeanNorms& norms : stream_) norms.end_sample();
    for (MeanNorms& norms : inner_) norms.end_sample();
    for (MeanNorms& norms : heads_) norms.end_sample();
  }

  reshape::PruneImportance importance() const {
    reshape::PruneImportance all;
    all.layers = turns_.means();
    all.hidden.resize(static_cast<size_t>(sizes_.hidden));
    for (const MeanNorms& norms : stream_) {
      const std::vector<double> mean = norms.mean();
      for (size_t c = 0; c < all.hidden.size(); ++c) all.hidden[c] += mean[c];
    }
    for (const MeanNorms& norms : inner_) all.intermediate.push_back(norms.mean());
    for (const MeanNorms& norms : heads_) all.heads.push_back(of_heads(norms.mean()));
    return all;
  }

 private:
  static std::string layer_norm_name(const model::LayerName& name, const std::string& rest) {
    return model::LayerName{name.stack, name.layer, rest}.with_layer(name.layer);
  }

  static void watch(nn::WeightSlot& slot, autograd::Observer observer) {
    slot.wrap([&](std::unique_ptr<autograd::Weight> base) {
      return std::make_unique<autograd::ObservedWeight>(std::move(base), std::move(observer));
    });
  }
  void watch_stream(nn::WeightSlot& slot) { watch(slot, stream_.emplace_back().observer()); }

  std::vector<float> norm_of(const std::string& name) const {
    for (const auto& entry : model_.parameters.entries()) {
      if (entry->spec.sources[0].name != name) continue;
      const Tensor& values = entry->parameter.compute;
      std::vector<float> norm(static_cast<size_t>(values.elements()));
      convert(values.data(), values.dtype(), norm.data(), DType::kF32, norm.size());
      return norm;
    }
    return std::vector<float>(static_cast<size_t>(sizes_.hidden), 1.0f);
  }

  // Of a head the norm of all its columns together.
  std::vector<double> of_heads(const std::vector<double>& columns) const {
    std::vector<double> heads(static_cast<size_t>(sizes_.heads));
    const size_t width = columns.size() / heads.size();
    for (size_t c = 0; c < columns.size(); ++c) heads[c / width] += columns[c] * columns[c];
    for (double& head : heads) head = std::sqrt(head);
    return heads;
  }

  model::Model& model_;
  reshape::PruneSizes sizes_;
  StreamTurns turns_;
  std::deque<MeanNorms> stream_, inner_, heads_;  // addresses hold
};

// Each sample in one window, so that no token is read twice.
Result<eval::PerplexityMeter> meter_of(const model::Model& model, const Samples& samples) {
  size_t longest = 2;
  for (const auto& ids : samples.ids) longest = std::max(longest, ids.size());
  return eval::PerplexityMeter::create(model, nullptr, {.window = static_cast<int64_t>(longest)});
}

}  // namespace

Result<Samples> read_samples(const Path& text, const tokenizer::Tokenizer& tokenizer, int64_t count, int64_t length,
                             const Job& job) {
  MALMOI_ASSIGN(auto documents, data::open_documents({text}, ""));
  Samples samples;
  data::Document document;
  while (static_cast<int64_t>(samples.ids.size()) < count) {
    MALMOI_ASSIGN(const bool more, documents->next(document));
    if (!more) break;
    MALMOI_TRY(job.stop.check());
    const std::vector<int32_t> ids = tokenizer::begin_document(tokenizer, document.text, true);
    for (size_t begin = 0; begin + 1 < ids.size() && static_cast<int64_t>(samples.ids.size()) < count;
         begin += static_cast<size_t>(length)) {
      const size_t end = std::min(ids.size(), begin + static_cast<size_t>(length));
      if (end - begin < 2) break;
      samples.ids.emplace_back(ids.begin() + static_cast<std::ptrdiff_t>(begin),
                               ids.begin() + static_cast<std::ptrdiff_t>(end));
      samples.tokens += static_cast<int64_t>(end - begin);
    }
  }
  if (samples.ids.empty()) return invalid_data("holds no token that could be read", text.string(), "give longer text");
  return samples;
}

Result<double> loss_of(const model::Model& model, const Samples& samples, const Job& job) {
  MALMOI_ASSIGN(auto meter, meter_of(model, samples));
  for (const auto& ids : samples.ids) {
    MALMOI_TRY(job.stop.check());
    MALMOI_TRY(meter.add_ids(ids, {}));
  }
  return meter.result().loss();
}

Result<Activations> observe_activations(model::Model& model, const Samples& samples, const Job& job) {
  MALMOI_ASSIGN(const reshape::PruneSizes sizes, reshape::prunable_sizes(model));
  auto watch = std::make_shared<Watch>(model, sizes);
  watch->begin();
  model.keep(watch);
  MALMOI_ASSIGN(auto meter, meter_of(model, samples));
  for (size_t i = 0; i < samples.ids.size(); ++i) {
    MALMOI_TRY(job.stop.check());
    MALMOI_TRY(meter.add_ids(samples.ids[i], {}));
    watch->end_sample();
    if (job.progress.due()) job.progress(fmt::format("{} of {}", i + 1, counted(samples.ids.size(), "sample")));
  }
  return Activations{watch->importance(), meter.result().loss()};
}

}  // namespace malmoi::app
