#include "data/classifier/ngram_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "base/utf8.h"
#include "data/dedup/words.h"
#include "formats/safetensors.h"

namespace malmoi::data {
namespace {

constexpr double kUniform = 1.0 / 0x110000;

std::vector<uint32_t> characters_of(std::string_view text) {
  std::vector<uint32_t> out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    if (size_t space = white_space_at(text, i); space != 0) {
      if (!out.empty() && out.back() != U' ') out.push_back(U' ');
      i += space;
      continue;
    }
    Utf8Char c = decode_utf8(text, i);
    out.push_back(c.code_point);
    i += c.length;
  }
  return out;
}

uint64_t hash_of(const uint32_t* characters, size_t n) {
  uint64_t h = n;
  for (size_t i = 0; i < n; ++i) {
    h = (h ^ characters[i]) * 0x9E3779B97F4A7C15ull;
    h ^= h >> 29;
  }
  return h;
}

}  // namespace

NgramTrainer::NgramTrainer(const NgramTraining& options) : options_(options) {
  options_.order = std::clamp(options_.order, 1, 12);
  orders_.resize(static_cast<size_t>(options_.order));
}

void NgramTrainer::add(std::string_view text) {
  std::vector<uint32_t> characters = characters_of(text);
  characters_ += characters.size();
  for (size_t i = 0; i < characters.size(); ++i) {
    NgramCounts* history = nullptr;  // the n-gram of one character less that ends before this one
    for (size_t n = 1; n <= orders_.size() && n <= i + 1; ++n) {
      auto& order = orders_[n - 1];
      uint64_t key = hash_of(&characters[i + 1 - n], n);
      auto it = order.find(key);
      bool fresh = it == order.end();
      if (fresh && held_ < options_.max_ngrams) {
        it = order.emplace(key, NgramCounts{}).first;
        ++held_;
      } else if (fresh) {
        full_ = true;
      }
      if (it != order.end()) {
        if (n > 1) {
          auto before = orders_[n - 2].find(hash_of(&characters[i + 1 - n], n - 1));
          history = before == orders_[n - 2].end() ? nullptr : &before->second;
        }
        ++it->second.count;
        if (history != nullptr) {
          history->followers += fresh;
          ++history->total;
        }
      }
    }
  }
}

Status NgramTrainer::save(const Path& path) const {
  if (characters_ == 0) return usage_error("the model needs text", "n-gram model", "give at least one document");
  std::vector<formats::TensorSpec> specs;
  std::vector<std::vector<uint64_t>> keys;
  for (size_t k = 0; k < orders_.size(); ++k) {
    auto size = static_cast<int64_t>(orders_[k].size());
    specs.push_back({fmt::format("keys.{}", k + 1), formats::ElementType::kU64, {size}});
    specs.push_back({fmt::format("counts.{}", k + 1), formats::ElementType::kU32, {size, 3}});
    auto& sorted = keys.emplace_back();
    for (const auto& [key, counts] : orders_[k]) sorted.push_back(key);
    std::sort(sorted.begin(), sorted.end());
  }
  auto source = [&](size_t i, const formats::TensorSink& sink) -> Status {
    const auto& sorted = keys[i / 2];
    if (i % 2 == 0) return sink(std::as_bytes(std::span(sorted)));
    for (uint64_t key : sorted) {
      const NgramCounts& c = orders_[i / 2].find(key)->second;
      uint32_t row[3] = {c.count, c.followers, c.total};
      MALMOI_TRY(sink(std::as_bytes(std::span(row))));
    }
    return {};
  };
  return formats::write_safetensors(path, specs, source,
                                    {.metadata = {{"malmoi", "ngram"}, {"characters", std::to_string(characters_)}}});
}

Result<NgramModel> NgramModel::load(const Path& path) {
  MALMOI_ASSIGN(formats::Safetensors file, formats::Safetensors::open(path));
  Error bad = invalid_data("not an n-gram model", path.string(), "make one: malmoi data train-filter ngram");
  auto kind = file.metadata().find("malmoi"), characters = file.metadata().find("characters");
  if (kind == file.metadata().end() || kind->second != "ngram" || characters == file.metadata().end()) return bad;
  const std::string& number = characters->second;
  if (number.empty() || number.size() > 18 || number.find_first_not_of("0123456789") != std::string::npos) return bad;
  NgramModel model;
  model.characters_ = std::stoull(number);
  while (const formats::TensorView* keys = file.find(fmt::format("keys.{}", model.orders_.size() + 1))) {
    const formats::TensorView* counts = file.find(fmt::format("counts.{}", model.orders_.size() + 1));
    size_t size = keys->bytes.size() / sizeof(uint64_t);
    if (keys->type != formats::ElementType::kU64 || counts == nullptr || counts->type != formats::ElementType::kU32 ||
        counts->bytes.size() != size * sizeof(NgramCounts))
      return bad;
    Order& order = model.orders_.emplace_back();
    order.keys.resize(size);
    order.counts.resize(size);
    std::memcpy(order.keys.data(), keys->bytes.data(), keys->bytes.size());
    std::memcpy(order.counts.data(), counts->bytes.data(), counts->bytes.size());
    if (!std::is_sorted(order.keys.begin(), order.keys.end())) return bad;
  }
  if (model.orders_.empty() || model.characters_ == 0) return bad;
  return model;
}

const NgramCounts* NgramModel::Order::find(uint64_t key) const {
  auto it = std::lower_bound(keys.begin(), keys.end(), key);
  return it != keys.end() && *it == key ? &counts[static_cast<size_t>(it - keys.begin())] : nullptr;
}

double NgramModel::score(std::string_view text) const {
  std::vector<uint32_t> characters = characters_of(text);
  if (characters.empty()) return 0;
  double sum = 0;
  for (size_t i = 0; i < characters.size(); ++i) {
    // From the empty history up: each longer one corrects the estimate of the shorter.
    const NgramCounts* one = orders_[0].find(hash_of(&characters[i], 1));
    auto different = static_cast<double>(orders_[0].keys.size()), total = static_cast<double>(characters_);
    double p = ((one != nullptr ? one->count : 0) + different * kUniform) / (total + different);
    for (size_t n = 2; n <= orders_.size() && n <= i + 1; ++n) {
      const NgramCounts* history = orders_[n - 2].find(hash_of(&characters[i + 1 - n], n - 1));
      if (history == nullptr || history->total == 0) break;
      const NgramCounts* gram = orders_[n - 1].find(hash_of(&characters[i + 1 - n], n));
      double followers = history->followers;
      p = ((gram != nullptr ? gram->count : 0) + followers * p) / (history->total + followers);
    }
    sum -= std::log(p);
  }
  return sum / static_cast<double>(characters.size());
}

}  // namespace malmoi::data
