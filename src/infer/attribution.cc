#include "infer/attribution.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "autograd/tape.h"
#include "infer/session.h"

namespace malmoi::infer {
namespace {

using autograd::Context;
using autograd::RowIds;
using autograd::Weight;

// Rows of a pass: a bound of its memory.
constexpr int64_t kRowsAtOnce = 4096;

// The table of words while a pass runs: looked-up rows lie between those of a baseline and their own, and what reaches them
// is kept row by row. Anything else is the table's.
class PathTable final : public Weight {
 public:
  explicit PathTable(std::unique_ptr<Weight> table) : table_(std::move(table)) {
    probe_.trainable = true;
    probe_.grad = Tensor::zeros(DType::kF32, {1});
  }

  // Row r of the next look-up is baseline[r] + alphas[r] * (its own - baseline[r]).
  void set_path(std::vector<int32_t> baseline, std::vector<float> alphas) {
    baseline_ = std::move(baseline);
    alphas_ = std::move(alphas);
    slopes_ = {};
  }
  // What a look-up of the text itself minus that of the baseline gives, times the gradient; of each row.
  const std::vector<double>& slopes() const { return slopes_; }
  std::unique_ptr<Weight> release() { return std::move(table_); }

  int64_t out_features() const override { return table_->out_features(); }
  int64_t in_features() const override { return table_->in_features(); }
  void product(Context& context, const Tensor& x, Tensor& y, const autograd::Parameter* bias) const override {
    table_->product(context, x, y, bias);
  }
  void product_transposed(Context& context, const Tensor& dy, Tensor& dx, bool accumulate) const override {
    table_->product_transposed(context, dy, dx, accumulate);
  }
  void accumulate_gradient(Context&, const Tensor&, const Tensor&) const override {}
  std::span<autograd::Parameter* const> parameters() const override { return {&probe_of_all_, 1}; }

  void gather(Context& context, const RowIds& ids, Tensor& y) const override {
    Tensor base = context.temporary(y.dtype(), {ids.rows, in_features()});
    table_->gather(context, ids, y);
    table_->gather(context, {baseline_.data(), ids.rows, -1, ids.first_row}, base);
    const int64_t width = in_features();
    for (int64_t r = 0; r < ids.rows; ++r) {
      float *own = y.as<float>() + r * width, *from = base.as<float>() + r * width;
      for (int64_t c = 0; c < width; ++c) own[c] = from[c] + alphas_[static_cast<size_t>(r)] * (own[c] - from[c]);
    }
  }

  void accumulate_rows(Context& context, const RowIds& ids, const Tensor& dy, float scale,
                       const kernels::Dropout&) const override {
    Tensor own = context.temporary(dy.dtype(), {ids.rows, in_features()}),
           base = context.temporary(dy.dtype(), {ids.rows, in_features()});
    table_->gather(context, ids, own);
    table_->gather(context, {baseline_.data(), ids.rows, -1, ids.first_row}, base);
    slopes_.assign(static_cast<size_t>(ids.rows), 0);
    const int64_t width = in_features();
    for (int64_t i = 0; i < ids.rows * width; ++i) {
      const double step = static_cast<double>(own.as<float>()[i]) - static_cast<double>(base.as<float>()[i]);
      slopes_[static_cast<size_t>(i / width)] +=
          step * static_cast<double>(scale) * static_cast<double>(dy.as<float>()[i]);
    }
  }

 private:
  std::unique_ptr<Weight> table_;
  autograd::Parameter probe_;  // says that gradients are wanted; none are written there
  autograd::Parameter* probe_of_all_ = &probe_;
  std::vector<int32_t> baseline_;
  std::vector<float> alphas_;
  mutable std::vector<double> slopes_;
};

// Binds a path to the table of words as long as it lives.
class BoundPath {
 public:
  explicit BoundPath(nn::WeightSlot& slot) : slot_(slot) {
    slot.wrap([this](std::unique_ptr<Weight> table) {
      auto path = std::make_unique<PathTable>(std::move(table));
      path_ = path.get();
      return path;
    });
  }
  ~BoundPath() {
    slot_.wrap([](std::unique_ptr<Weight> path) { return static_cast<PathTable&>(*path).release(); });
  }
  BoundPath(const BoundPath&) = delete;
  BoundPath& operator=(const BoundPath&) = delete;
  PathTable& operator*() const { return *path_; }

 private:
  nn::WeightSlot& slot_;
  PathTable* path_ = nullptr;
};

nn::WeightSlot* words_of(model::Model& model) {
  for (auto& entry : model.parameters.entries()) {
    if (entry->spec.role == nn::Role::kEmbedding && entry->slots.size() == 1) return entry->slots[0].get();
  }
  return nullptr;
}

struct Text {
  std::span<const int32_t> ids, token_types;
  const std::vector<bool>& is_text;
};

// A pass over the same text once for each alpha: the logits of the label, summed.
class Pass {
 public:
  Pass(const model::Model& model, PathTable& path, const AttributionOptions& options)
      : model_(model), path_(path), options_(options) {
    if (auto arena = Arena::create(kArenaBytes); arena.ok()) arena_ = std::move(*arena);
    context_.arena = &arena_;
    context_.pool = &storage_;
    context_.stream = &stream_;
    context_.backend = &kernels::cpu_backend();
    context_.dtype = model.dtype();
  }

  Result<double> run(const Text& text, const std::vector<float>& alphas, bool with_gradient) {
    nn::BatchBuilder rows;
    std::vector<int32_t> baseline;
    std::vector<float> of_rows;
    for (float alpha : alphas) {
      rows.add({.ids = text.ids, .token_types = text.token_types});
      for (size_t i = 0; i < text.ids.size(); ++i) {
        baseline.push_back(text.is_text[i] ? options_.baseline : text.ids[i]);
        of_rows.push_back(alpha);
      }
    }
    path_.set_path(std::move(baseline), std::move(of_rows));
    const nn::Batch batch = rows.batch();
    autograd::Tape tape;
    context_.tape = with_gradient ? &tape : nullptr;
    autograd::Var features = model_.features(context_, batch);
    autograd::Var logits = autograd::linear(context_, std::move(features), **model_.head->weight, model_.head->bias);
    MALMOI_TRY(stream_.sync());
    const double sum = sum_of_label(logits.value);
    if (with_gradient) {
      tape.give_grad(context_, logits.id, slope_of_label(logits.value.shape()));
      tape.backward(context_);
      MALMOI_TRY(stream_.sync());
    }
    context_.tape = nullptr;
    return sum;
  }

 private:
  double sum_of_label(const Tensor& logits) const {
    double sum = 0;
    for (int64_t r = 0; r < logits.shape().rows(); ++r)
      sum += static_cast<double>(logits.as<float>()[r * logits.shape().columns() + options_.label]);
    return sum;
  }

  // 1 at the label of each row.
  Tensor slope_of_label(const Shape& shape) {
    Tensor slope = context_.temporary(DType::kF32, shape);
    std::fill_n(slope.as<float>(), slope.elements(), 0.0f);
    for (int64_t r = 0; r < shape.rows(); ++r) slope.as<float>()[r * shape.columns() + options_.label] = 1;
    return slope;
  }

  const model::Model& model_;
  PathTable& path_;
  const AttributionOptions& options_;
  Arena arena_;
  StoragePool storage_;
  Stream stream_;
  Context context_;
};

// The shares with so many alphas.
Result<std::vector<double>> shares_of(Pass& pass, const PathTable& path, const Text& text, int64_t steps) {
  std::vector<double> shares(text.ids.size(), 0);
  const auto length = static_cast<int64_t>(text.ids.size());
  const int64_t at_once = std::max<int64_t>(kRowsAtOnce / std::max<int64_t>(length, 1), 1);
  for (int64_t begin = 0; begin < steps; begin += at_once) {
    std::vector<float> alphas;
    for (int64_t k = begin; k < std::min(begin + at_once, steps); ++k)
      alphas.push_back((static_cast<float>(k) + 0.5f) / static_cast<float>(steps));
    if (auto ran = pass.run(text, alphas, true); !ran.ok()) return ran.error();
    for (size_t r = 0; r < path.slopes().size(); ++r)
      shares[r % shares.size()] += path.slopes()[r] / static_cast<double>(steps);
  }
  return shares;
}

}  // namespace

Result<Attribution> attribute(model::Model& model, std::span<const int32_t> ids, std::span<const int32_t> token_types,
                              const std::vector<bool>& is_text, const AttributionOptions& options) {
  MALMOI_TRY(check_classifies(model));
  nn::WeightSlot* words = words_of(model);
  if (!words || model.dtype() != DType::kF32)
    return unsupported("the shares of tokens are computed in f32 from a table of words", "model", "use --dtype f32");
  BoundPath path(*words);
  Pass pass(model, *path, options);
  const Text text{ids, token_types, is_text};
  Attribution result;
  MALMOI_ASSIGN(double at_text, pass.run(text, {1}, false));
  MALMOI_ASSIGN(double at_baseline, pass.run(text, {0}, false));
  result.difference = at_text - at_baseline;
  result.steps = options.steps;
  while (true) {
    MALMOI_ASSIGN(result.shares, shares_of(pass, *path, text, result.steps));
    result.gap = std::abs(result.difference - std::accumulate(result.shares.begin(), result.shares.end(), 0.0));
    if (result.gap <= options.largest_gap * std::abs(result.difference) || 2 * result.steps > options.most_steps)
      return result;
    result.steps *= 2;
  }
}

}  // namespace malmoi::infer
