#include "data/classifier/quality_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "base/hash.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "data/dedup/words.h"
#include "formats/safetensors.h"

namespace malmoi::data {
namespace {

constexpr size_t kMaxBytes = 100000;

// Hashed features of a text, one index an occurrence.
std::vector<uint32_t> features(std::string_view text, uint32_t mask) {
  text = text.substr(0, complete_utf8_prefix(text.substr(0, kMaxBytes)));
  std::string normal;
  std::vector<uint32_t> ends;
  normalize_words(text, normal, ends);
  std::vector<uint32_t> out;
  out.reserve(normal.size() * 2);
  uint64_t previous = 0;
  size_t begin = 0;
  for (uint32_t end : ends) {
    uint64_t word = hash64(std::string_view(normal).substr(begin, end - begin), 1);
    out.push_back(static_cast<uint32_t>(word) & mask);
    out.push_back(static_cast<uint32_t>((previous * 0x9E3779B97F4A7C15ull + word) >> 32) & mask);
    previous = word;
    begin = end + 1;
  }
  std::vector<size_t> starts;  // of characters
  for (size_t i = 0; i < normal.size(); i += decode_utf8(normal, i).length) starts.push_back(i);
  starts.push_back(normal.size());
  for (size_t n : {3u, 4u})
    for (size_t i = 0; i + n < starts.size(); ++i)
      out.push_back(
          static_cast<uint32_t>(hash64(std::string_view(normal).substr(starts[i], starts[i + n] - starts[i]), n)) &
          mask);
  return out;
}

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

double margin(const std::vector<uint32_t>& features, const std::vector<float>& weights, float bias) {
  if (features.empty()) return bias;
  double sum = 0;
  for (uint32_t f : features) sum += weights[f];
  return bias + sum / std::sqrt(static_cast<double>(features.size()));
}

}  // namespace

Result<QualityModel> QualityModel::train(std::span<const std::string> texts, std::span<const uint8_t> good,
                                         const QualityTraining& options) {
  auto positives = static_cast<size_t>(std::count(good.begin(), good.end(), uint8_t{1}));
  if (positives == 0 || positives == good.size() || texts.size() != good.size())
    return usage_error("the classifier needs good and bad texts", "quality model",
                       "give at least one of each, better thousands");
  if (options.bits < 8 || options.bits > 28) return usage_error("bits must be 8 to 28", "bits", "e.g. 18");
  QualityModel model;
  size_t size = size_t{1} << options.bits;
  model.weights_.assign(size, 0);
  std::vector<float> squares(size, 1e-8f);
  double bias_square = 1e-8;
  auto mask = static_cast<uint32_t>(size - 1);
  // The rarer class weighs more, so that both weigh the same together.
  double weight_good = 0.5 * static_cast<double>(good.size()) / static_cast<double>(positives);
  double weight_bad = 0.5 * static_cast<double>(good.size()) / static_cast<double>(good.size() - positives);
  std::vector<size_t> order(texts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  Rng rng(options.seed);
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
    for (size_t k : order) {
      std::vector<uint32_t> f = features(texts[k], mask);
      double error =
          (sigmoid(margin(f, model.weights_, model.bias_)) - good[k]) * (good[k] != 0 ? weight_good : weight_bad);
      double scale = f.empty() ? 0 : error / std::sqrt(static_cast<double>(f.size()));
      for (uint32_t j : f) {
        double gradient = scale + options.decay * model.weights_[j];
        squares[j] += static_cast<float>(gradient * gradient);
        model.weights_[j] -= static_cast<float>(options.rate * gradient / std::sqrt(squares[j]));
      }
      bias_square += error * error;
      model.bias_ -= static_cast<float>(options.rate * error / std::sqrt(bias_square));
    }
  }
  return model;
}

double QualityModel::score(std::string_view text) const {
  return sigmoid(margin(features(text, static_cast<uint32_t>(weights_.size() - 1)), weights_, bias_));
}

Status QualityModel::save(const Path& path) const {
  std::vector<formats::TensorSpec> specs = {
      {"weights", formats::ElementType::kF32, {static_cast<int64_t>(weights_.size())}},
      {"bias", formats::ElementType::kF32, {1}}};
  auto source = [&](size_t i, const formats::TensorSink& sink) {
    return i == 0 ? sink(std::as_bytes(std::span(weights_))) : sink(std::as_bytes(std::span(&bias_, 1)));
  };
  return formats::write_safetensors(path, specs, source, {.metadata = {{"malmoi", "quality"}}});
}

Result<QualityModel> QualityModel::load(const Path& path) {
  MALMOI_ASSIGN(formats::Safetensors file, formats::Safetensors::open(path));
  const formats::TensorView *weights = file.find("weights"), *bias = file.find("bias");
  auto kind = file.metadata().find("malmoi");
  bool good = weights != nullptr && bias != nullptr && kind != file.metadata().end() && kind->second == "quality" &&
              weights->type == formats::ElementType::kF32 && bias->type == formats::ElementType::kF32 &&
              bias->bytes.size() == sizeof(float);
  size_t size = good ? weights->bytes.size() / sizeof(float) : 0;
  if (!good || size < 2 || (size & (size - 1)) != 0)
    return invalid_data("not a quality model", path.string(), "make one: malmoi data train-filter quality");
  QualityModel model;
  model.weights_.resize(size);
  std::memcpy(model.weights_.data(), weights->bytes.data(), size * sizeof(float));
  std::memcpy(&model.bias_, bias->bytes.data(), sizeof(float));
  return model;
}

}  // namespace malmoi::data
