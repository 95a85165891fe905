#include "model/config_fields.h"

#include <algorithm>

namespace malmoi::model {
namespace {

constexpr int64_t kLargestSize = int64_t{1} << 24;

}  // namespace

// A size that is not there; a misspelt key is named as that by the reader, which knows what nobody asked for.
void ConfigFields::missing(std::string_view key, const char* meaning) {
  reader_->fail(key, "is missing", std::string("give ") + (meaning[0] ? meaning : "it"));
}

int64_t ConfigFields::size(std::string_view key, SizeDefault fallback) {
  int64_t value = fallback.published;
  if (training_ && !reader_->has(key)) {
    if (fallback.small) value = *fallback.small;
    else missing(key, fallback.meaning);
  }
  value = reader_->integer(key, value, 1, kLargestSize);
  publish(key, value);
  return value;
}

int64_t ConfigFields::size(std::string_view own, std::string_view shared, SizeDefault fallback) {
  if (reader_->has(own) && reader_->has(shared) && reader_->integer(own, 0) != reader_->integer(shared, 0))
    reader_->fail(own, "contradicts " + std::string(shared), "give one of them");
  if (reader_->has(shared) && !reader_->has(own)) {
    int64_t value = reader_->integer(shared, fallback.published, 1, kLargestSize);
    publish(own, value);
    return value;
  }
  return size(own, fallback);
}

int64_t ConfigFields::integer(std::string_view key, int64_t fallback, int64_t low, int64_t high) {
  int64_t value = reader_->integer(key, fallback, low, high);
  publish(key, value);
  return value;
}

double ConfigFields::number(std::string_view key, double fallback, double low, double high) {
  double value = reader_->number(key, fallback, low, high);
  publish(key, value);
  return value;
}

bool ConfigFields::flag(std::string_view key, bool fallback) {
  bool value = reader_->boolean(key, fallback);
  publish(key, value);
  return value;
}

std::string ConfigFields::text(std::string_view key, const char* fallback) {
  std::string value = reader_->text(key, fallback);
  publish(key, value);
  return value;
}

int64_t ConfigFields::optional_integer(std::string_view key, int64_t fallback) {
  int64_t value = reader_->integer(key, reader_->present(key) ? 0 : fallback, 1, int64_t{1} << 30);
  if (!reader_->has(key) && reader_->present(key)) value = 0;
  publish(key, value > 0 ? Json(value) : Json(nullptr));
  return value;
}

double ConfigFields::optional_number(std::string_view key, double fallback) {
  double value = reader_->has(key) ? reader_->number(key, fallback, 0, 1e9) : reader_->present(key) ? 0 : fallback;
  publish(key, value > 0 ? Json(value) : Json(nullptr));
  return value;
}

kernels::Activation ConfigFields::activation(std::string_view key, const char* fallback) {
  using kernels::Activation;
  std::string name = text(key, fallback);
  if (name == "gelu" || name == "gelu_python") return Activation::kGelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh" || name == "gelu_fast") return Activation::kGeluTanh;
  if (name == "relu") return Activation::kRelu;
  if (name == "silu" || name == "swish") return Activation::kSilu;
  if (name == "tanh") return Activation::kTanh;
  fail(key, "the activation '" + name + "' is not known", "use gelu, gelu_new, gelu_pytorch_tanh, relu, silu or tanh");
  return Activation::kNone;
}

std::vector<std::string> ConfigFields::layer_types(std::vector<std::string> fallback,
                                                   std::initializer_list<const char*> known) {
  constexpr const char* kKey = "layer_types";
  std::vector<std::string> types = reader_->has(kKey) ? reader_->texts(kKey) : fallback;
  if (types.size() != fallback.size()) {
    fail(kKey, "has " + std::to_string(types.size()) + " entries for " + std::to_string(fallback.size()) + " layers");
    types = fallback;
  }
  for (const std::string& type : types) {
    if (std::find(known.begin(), known.end(), type) == known.end())
      fail(kKey, "'" + type + "' does not fit the other fields");
  }
  publish(kKey, types);
  return types;
}

void ConfigFields::token_ids(std::initializer_list<const char*> keys) {
  for (const char* key : keys) publish(key, reader_->raw(key));
}

int32_t ConfigFields::token_id(std::string_view key, int64_t vocab_size, int32_t fallback) {
  int64_t id = reader_->present(key) && !reader_->has(key) ? -1 : reader_->integer(key, fallback, -1, INT32_MAX);
  publish(key, !reader_->has(key) && id < 0 ? Json(nullptr) : Json(id));
  if (id >= vocab_size)
    fail(key, "is " + std::to_string(id) + ", outside the vocabulary of " + std::to_string(vocab_size),
         "use an id below vocab_size, or null");
  return static_cast<int32_t>(id);
}

void ConfigFields::refuse(std::string_view key, bool refused, std::string what) {
  if (refused) fail(key, std::move(what), "use a model without it");
}

}  // namespace malmoi::model
