#include "train/objectives/cross_entropy.h"

#include <algorithm>

#include "autograd/tape.h"
#include "train/balanced_pass.h"
#include "train/scores.h"

namespace malmoi::train {

void read_smoothing(ConfigReader& reader, ObjectiveConfig& config) {
  config.label_smoothing = reader.number("label_smoothing", 0, 0, 0.99);
  config.z_loss = reader.number("z_loss", 0, 0, 1);
}

CrossEntropyOptions smoothed(const ObjectiveConfig& config) {
  return {.label_smoothing = static_cast<float>(config.label_smoothing), .z_weight = static_cast<float>(config.z_loss)};
}

Counts CrossEntropy::count(const Examples& examples) const {
  auto counted = std::count_if(examples.targets.begin(), examples.targets.end(), [](int32_t t) { return t >= 0; });
  double weight = 0;
  for (int32_t target : examples.targets) weight += target >= 0 ? weight_of(target) : 0;
  return {.terms = counted, .tokens = examples.tokens(), .weight = weight};
}

double CrossEntropy::weight_of(int32_t target) const {
  const auto& weights = options_.target_weights;
  return weights.empty() ? 1 : static_cast<double>(weights[static_cast<size_t>(target)]);
}

std::vector<Figure> CrossEntropy::figures_of(const Predictions& predictions) const {
  if (!options_.f1 || predictions.targets.empty()) return {};
  return {{"accuracy", accuracy(predictions)}, {"f1", macro_f1(predictions)}};
}

namespace {

// The largest logit of each row of features that has a target.
void predict(autograd::Context& context, const model::Model& model, const Tensor& features,
             std::span<const int32_t> targets, Predictions& out) {
  const Tensor logits = model.logits(context, features);
  const int64_t outputs = logits.shape().columns();
  for (size_t r = 0; r < targets.size(); ++r) {
    if (targets[r] < 0) continue;
    const float* row = logits.as<float>() + static_cast<int64_t>(r) * outputs;
    out.targets.push_back(targets[r]);
    out.predicted.push_back(static_cast<int32_t>(std::max_element(row, row + outputs) - row));
  }
}

}  // namespace

LossSums CrossEntropy::accumulate(autograd::Context& context, const model::Model& model, const Examples& examples,
                                  const Counts& whole) const {
  ModelInput input(examples);  // blocks that run again in the backward pass read it
  BalancedPass balance(context, model, input.batch());
  const bool learns = context.tape != nullptr;  // what only helps to learn is no part of what is measured
  autograd::Var features = model.features(context, input.batch());
  LossSums sums;
  if (options_.f1 && !learns && !context.rehearsal())
    predict(context, model, features.value, examples.targets, sums.predictions);
  const double share =
      1 / std::max(options_.target_weights.empty() ? static_cast<double>(whole.terms) : whole.weight, 1e-9);
  autograd::HeadLoss loss = model.loss(context, std::move(features),
                                       {.targets = examples.targets,
                                        .scale = share,
                                        .target_weights = options_.target_weights,
                                        .label_smoothing = learns ? options_.label_smoothing : 0,
                                        .z_weight = learns ? options_.z_weight : 0,
                                        .count_correct = options_.accuracy});
  sums.loss = loss.sum * share;
  balance.add_to(sums, examples, whole);
  if (learns) context.tape->backward(context);
  if (options_.accuracy)
    sums.figures.push_back(
        {"accuracy", static_cast<double>(loss.correct) / static_cast<double>(std::max<int64_t>(whole.terms, 1))});
  return sums;
}

void CrossEntropy::append_rehearsal(int64_t batch, int64_t length, Examples& out) const {
  const std::vector<int32_t> row(static_cast<size_t>(length), 0);
  for (int64_t b = 0; b < batch; ++b) {
    out.input.add(row);
    out.targets.insert(out.targets.end(), row.begin(), row.end());
  }
}

}  // namespace malmoi::train
