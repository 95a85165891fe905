// The fields of a published config: each is read and published by the same call, so that it stands once.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "kernels/kernels.h"
#include "nn/rotary.h"

namespace malmoi::model {

/// What a size is where it is not given. Published defaults are of models of billions of weights: a training configuration
/// has its own (`small`), or must say the size.
struct SizeDefault {
  int64_t published = 1;
  std::optional<int64_t> small = {};
  const char* meaning = "";  // for the message of a size that must be said
};

/// Reads one config and gathers the one to publish: every field that changes a number, with the value that holds. Errors
/// are kept, the first one is told by finish().
class ConfigFields {
 public:
  /// `training`: the fields of a training configuration's `model:`, not of a published file.
  ConfigFields(ConfigReader& reader, bool training) : reader_(&reader), training_(training) {}

  /// A size: at least 1, small enough that products of sizes cannot overflow.
  int64_t size(std::string_view key, SizeDefault fallback);
  int64_t size(std::string_view key, int64_t published) { return size(key, SizeDefault{published}); }
  /// The same under a family's own name or the one that all families share, published under the own one.
  int64_t size(std::string_view own, std::string_view shared, SizeDefault fallback);
  int64_t integer(std::string_view key, int64_t fallback, int64_t low, int64_t high = int64_t{1} << 30);
  double number(std::string_view key, double fallback, double low, double high);
  bool flag(std::string_view key, bool fallback);
  std::string text(std::string_view key, const char* fallback);
  /// An integer that may be null; 0 where it is. An absent one has the fallback.
  int64_t optional_integer(std::string_view key, int64_t fallback);
  double optional_number(std::string_view key, double fallback);
  /// An activation by its published name (gelu, gelu_new, relu, silu ...).
  kernels::Activation activation(std::string_view key, const char* fallback);
  /// The kind of each layer by name; where the list is absent, `fallback(layer)`.
  template <typename Fallback>
  std::vector<std::string> layer_types(int64_t layers, std::initializer_list<const char*> known,
                                       const Fallback& fallback) {
    std::vector<std::string> types;
    for (int64_t i = 0; i < layers; ++i) types.emplace_back(fallback(i));
    return layer_types(std::move(types), known);
  }
  /// Rotary settings of both styles: `rope_theta` with `rope_scaling`, and `rope_parameters`. `head_dim` is rotated whole
  /// unless `partial_rotary_factor` (or the family's `default_share`) says otherwise. `original_length`: that the family
  /// says outside these settings, before what stands in them; 0: it does not.
  nn::RotaryConfig rotary(int64_t head_dim, int64_t max_positions, double default_theta, double default_share = 1,
                          int64_t original_length = 0);
  /// The same of one kind of layers: `rope_parameters[kind]`, or the older keys (`theta_key`; scaling only where `scaled`).
  nn::RotaryConfig rotary_of(const char* kind, const char* theta_key, double default_theta, bool scaled,
                             int64_t head_dim, int64_t max_positions);
  /// Token ids: published as they are.
  void token_ids(std::initializer_list<const char*> keys);
  /// The id of a token of the vocabulary; -1 where there is none.
  int32_t token_id(std::string_view key, int64_t vocab_size, int32_t fallback = -1);

  bool has(std::string_view key) { return reader_->has(key); }
  bool training() const { return training_; }
  void publish(std::string_view key, Json value) { published_[std::string(key)] = std::move(value); }
  void fail(std::string_view key, std::string what, std::string remedy = {}) {
    reader_->fail(key, std::move(what), std::move(remedy));
  }
  /// Refuses a value that this family cannot honour.
  void refuse(std::string_view key, bool refused, std::string what);
  bool failed() const { return reader_->failed(); }
  ConfigReader& reader() { return *reader_; }
  Json& published() { return published_; }

 private:
  std::vector<std::string> layer_types(std::vector<std::string> fallback, std::initializer_list<const char*> known);
  void missing(std::string_view key, const char* meaning);
  ConfigReader* reader_;
  bool training_;
  Json published_ = Json::object();
};

}  // namespace malmoi::model
