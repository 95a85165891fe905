#include "data/classifier/label_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/hash.h"
#include "base/rng.h"
#include "base/utf8.h"

namespace malmoi::data {
namespace {

// Hashed n-grams of a text in order, one for each place; white space counts.
std::vector<uint32_t> grams(std::string_view text, int order, uint32_t mask) {
  std::vector<size_t> starts;
  for (size_t at = 0; at < text.size(); at += decode_utf8(text, at).length) starts.push_back(at);
  starts.push_back(text.size());
  std::vector<uint32_t> out;
  for (size_t n = 1; n <= static_cast<size_t>(order); ++n) {
    for (size_t i = 0; i + n < starts.size(); ++i)
      out.push_back(static_cast<uint32_t>(hash64(text.substr(starts[i], starts[i + n] - starts[i]), n)) & mask);
  }
  std::sort(out.begin(), out.end());
  return out;
}

void softmax(std::vector<double>& scores) {
  const double top = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& s : scores) sum += s = std::exp(s - top);
  for (double& s : scores) s /= sum;
}

}  // namespace

std::vector<LabelModel::Feature> LabelModel::features(std::string_view text) const {
  std::vector<Feature> out;
  const std::vector<uint32_t> all = grams(text, order_, static_cast<uint32_t>(idf_.size() - 1));
  double squares = 0;
  for (size_t i = 0, end; i < all.size(); i = end) {
    for (end = i; end < all.size() && all[end] == all[i];) ++end;
    const double value = (1 + std::log(static_cast<double>(end - i))) * static_cast<double>(idf_[all[i]]);
    squares += value * value;
    out.push_back({all[i], static_cast<float>(value)});
  }
  const auto scale = static_cast<float>(squares > 0 ? 1 / std::sqrt(squares) : 0);
  for (Feature& feature : out) feature.value *= scale;
  return out;
}

std::vector<double> LabelModel::scores(const std::vector<Feature>& features) const {
  std::vector<double> out(bias_.begin(), bias_.end());
  for (const Feature& feature : features) {
    const float* weights = weights_.data() + static_cast<size_t>(feature.index) * out.size();
    for (size_t c = 0; c < out.size(); ++c)
      out[c] += static_cast<double>(weights[c]) * static_cast<double>(feature.value);
  }
  return out;
}

std::vector<double> LabelModel::probabilities(std::string_view text) const {
  std::vector<double> out = scores(features(text));
  softmax(out);
  return out;
}

Result<LabelModel> LabelModel::train(std::span<const std::string> texts, std::span<const int32_t> labels,
                                     int32_t classes, const LabelTraining& options) {
  if (classes < 2 || texts.size() != labels.size() || texts.empty())
    return usage_error("a classifier needs texts of two labels or more", "label model", "give more rows");
  LabelModel model;
  const size_t size = size_t{1} << options.bits, width = static_cast<size_t>(classes);
  model.order_ = options.order;
  model.classes_ = classes;
  model.idf_.assign(size, 0);
  for (const std::string& text : texts) {
    std::vector<uint32_t> all = grams(text, options.order, static_cast<uint32_t>(size - 1));
    all.erase(std::unique(all.begin(), all.end()), all.end());
    for (uint32_t gram : all) model.idf_[gram] += 1;
  }
  const double count = static_cast<double>(texts.size());
  for (float& idf : model.idf_) idf = static_cast<float>(std::log((1 + count) / (1 + static_cast<double>(idf))) + 1);
  model.weights_.assign(size * width, 0);
  model.bias_.assign(width, 0);
  std::vector<std::vector<Feature>> encoded;
  for (const std::string& text : texts) encoded.push_back(model.features(text));
  std::vector<float> squares(size * width, 1e-6f);
  std::vector<double> bias_squares(width, 1e-6);
  std::vector<size_t> order(texts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  Rng rng(options.seed);
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
    for (size_t k : order) {
      std::vector<double> errors = model.scores(encoded[k]);
      softmax(errors);
      errors[static_cast<size_t>(labels[k])] -= 1;
      for (const Feature& feature : encoded[k]) {
        const size_t row = static_cast<size_t>(feature.index) * width;
        for (size_t c = 0; c < width; ++c) {
          const double slope = errors[c] * static_cast<double>(feature.value) +
                               options.decay * static_cast<double>(model.weights_[row + c]);
          squares[row + c] += static_cast<float>(slope * slope);
          model.weights_[row + c] -=
              static_cast<float>(options.rate * slope / std::sqrt(static_cast<double>(squares[row + c])));
        }
      }
      for (size_t c = 0; c < width; ++c) {
        bias_squares[c] += errors[c] * errors[c];
        model.bias_[c] -= static_cast<float>(options.rate * errors[c] / std::sqrt(bias_squares[c]));
      }
    }
  }
  return model;
}

}  // namespace malmoi::data
