#include "quantize/gguf_settings.h"

#include <algorithm>
#include <cmath>

#include "base/json_read.h"
#include "model/gguf_config.h"
#include "model/gguf_weights.h"
#include "model/registry.h"
#include "nn/rotary.h"

namespace malmoi::quantize {
namespace {

using formats::GgufMetadata;
using model::GgufDialect;
using model::GgufField;

// llama.cpp reads a key in one type alone, whatever number a config has there.
bool is_float_key(std::string_view key) {
  static constexpr std::string_view kParts[] = {"freq_base", "epsilon", "softcapping", "factor", "beta", "_scale"};
  return key.ends_with("attention.scale") ||
         std::any_of(std::begin(kParts), std::end(kParts), [&](std::string_view p) { return key.find(p) != key.npos; });
}

void put_value(const std::string& key, const Json& value, GgufMetadata& metadata) {
  if (value.is_boolean()) metadata.set_bool(key, value.get<bool>());
  else if (value.is_number() && (is_float_key(key) || value.is_number_float()))
    metadata.set_f32(key, value.get<float>());
  else if (value.is_number_integer()) metadata.set_u32(key, static_cast<uint32_t>(value.get<int64_t>()));
}

// As its author wrote it: what is null there, or absent, is as if nobody had said it.
const Json& rope_of(const Json& config) {
  const Json& scaling = json_object(config, "rope_scaling");
  return scaling.empty() ? json_object(config, "rope_parameters") : scaling;
}

class Settings {
 public:
  Settings(const Json& config, const GgufDialect& dialect, GgufContents& contents)
      : config_(config), dialect_(dialect), contents_(contents), prefix_(std::string(dialect.architecture) + ".") {}

  Status write() {
    contents_.metadata.set_text("general.architecture", dialect_.architecture);
    contents_.metadata.set_u32("general.quantization_version", 2);
    for (std::span<const GgufField> fields : {dialect_.fields, dialect_.shared_fields})
      for (const GgufField& field : fields) put(field.key, value(std::string(field.field)));
    const Json width = value("head_dim");
    put("vocab_size", value("vocab_size"));
    if (width.is_number() && says("attention.key_length")) put("attention.value_length", width);
    MALMOI_TRY(write_rotary());
    return dialect_.describe ? dialect_.describe(config_, contents_.metadata) : Status();
  }

 private:
  Json value(const std::string& field) const { return config_.contains(field) ? config_[field] : Json(); }
  void put(std::string_view key, const Json& value) {
    put_value(prefix_ + std::string(key), value, contents_.metadata);
  }

  bool says(std::string_view key) const {
    auto is_key = [&](const GgufField& field) { return field.key == key; };
    return std::ranges::any_of(dialect_.fields, is_key) || std::ranges::any_of(dialect_.shared_fields, is_key);
  }

  bool has_rotary() const { return says("rope.freq_base") || config_.contains(std::string(dialect_.rotary_share)); }

  Status write_rotary() {
    if (!has_rotary()) return {};
    const Json share = value(std::string(dialect_.rotary_share));
    const double part = share.is_number() ? share.get<double>() : 1;
    const auto rotated = static_cast<int64_t>(static_cast<double>(model::head_dim_of(config_)) * part);
    if (rotated >= 2) put("rope.dimension_count", rotated);
    const Json& rope = rope_of(config_);
    const std::string type = json_string(rope, "rope_type", json_string(rope, "type", "default"));
    if (type == "default") return {};
    if (type == "llama3") return write_divisors(rope, rotated);
    if (type == "longrope") return write_longrope(rope);
    if (type == "linear" || type == "yarn") return write_scaling(rope, type);
    return not_in_gguf("the rotary scaling '" + type + "' has no form there");
  }

  Status write_scaling(const Json& rope, const std::string& type) {
    static constexpr std::pair<std::string_view, std::string_view> kKeys[] = {
        {"factor", "rope.scaling.factor"},
        {"original_max_position_embeddings", "rope.scaling.original_context_length"},
        {"beta_fast", "rope.scaling.yarn_beta_fast"},
        {"beta_slow", "rope.scaling.yarn_beta_slow"}};
    static constexpr std::string_view kSaidElsewhere[] = {"rope_type", "type", "rope_theta", "partial_rotary_factor"};
    contents_.metadata.set_text(prefix_ + "rope.scaling.type", type);
    for (const auto& [field, given] : rope.items()) {
      const std::string_view name = field;
      auto key = std::ranges::find(kKeys, name, [](const auto& pair) { return pair.first; });
      if (key != std::end(kKeys)) put(key->second, given);
      else if (!given.is_null() && std::ranges::find(kSaidElsewhere, name) == std::end(kSaidElsewhere) &&
               std::ranges::find(dialect_.rope_fields, name) == dialect_.rope_fields.end())
        return not_in_gguf("the field '" + field + "' of a rotary scaling has no form there");
    }
    // Without a key llama.cpp takes 1, and not what the lengths say.
    const double original = json_number(rope, "original_max_position_embeddings").value_or(0);
    const auto length = json_number(config_, "max_position_embeddings");
    if (!json_number(rope, "factor") && original > 0 && length) put("rope.scaling.factor", *length / original);
    return {};
  }

  void add_vector(std::string_view name, std::vector<float> numbers) {
    const uint64_t count = numbers.size();
    auto values = [numbers = std::move(numbers)]() -> Result<std::vector<float>> { return numbers; };
    contents_.tensors.push_back({std::string(name), {count}, formats::ggml_type("F32"), values});
  }

  // What llama.cpp divides frequencies by, in place of Llama 3.1's bands.
  Status write_divisors(const Json& rope, int64_t rotated) {
    nn::RotaryConfig plain{.rotary_dim = rotated, .theta = value("rope_theta").get<double>()};
    plain.max_position_embeddings =
        json_count(config_, "max_position_embeddings").value_or(plain.max_position_embeddings);
    nn::RotaryConfig scaled = plain;
    scaled.scaling = nn::RotaryScaling::kLlama3;
    scaled.factor = json_number(rope, "factor").value_or(scaled.factor);
    scaled.low_freq_factor = json_number(rope, "low_freq_factor").value_or(scaled.low_freq_factor);
    scaled.high_freq_factor = json_number(rope, "high_freq_factor").value_or(scaled.high_freq_factor);
    scaled.original_max_position_embeddings = json_count(rope, "original_max_position_embeddings").value_or(0);
    double factor = 1;  // on cosines and sines: 1 for both
    const std::vector<double> without = nn::Rotary(plain).inverse_frequencies(1, factor);
    const std::vector<double> with = nn::Rotary(scaled).inverse_frequencies(1, factor);
    std::vector<float> divisors;
    for (size_t i = 0; i < with.size(); ++i) divisors.push_back(static_cast<float>(without[i] / with[i]));
    add_vector(model::kRopeDivisors, std::move(divisors));
    return {};
  }

  // One set of divisors for all texts is what Llama 3.1's bands become when they are read.
  Status write_longrope(const Json& rope) {
    if (rope["long_factor"] == rope["short_factor"] && json_number(rope, "attention_factor") == 1.0) {
      add_vector(model::kRopeDivisors, rope["long_factor"].get<std::vector<float>>());
      return {};
    }
    add_vector(model::kLongRopeDivisors, rope["long_factor"].get<std::vector<float>>());
    add_vector(model::kShortRopeDivisors, rope["short_factor"].get<std::vector<float>>());
    put("rope.scaling.original_context_length", rope["original_max_position_embeddings"]);
    contents_.metadata.set_text(prefix_ + "rope.scaling.type", "longrope");
    if (rope.contains("attention_factor")) put("rope.scaling.attn_factor", rope["attention_factor"]);
    return {};
  }

  const Json& config_;
  const GgufDialect& dialect_;
  GgufContents& contents_;
  std::string prefix_;
};

// -- read back -----------------------------------------------------------------------------------------------------------

// Fields that change no number of a forward pass (how weights start, orders of computation), or whose values stand in tensors
// (rotary scalings are refused where they are written).
bool matters(std::string_view field) {
  static constexpr std::string_view kNot[] = {
      "dropout",        "pdrop",           "initializer",     "token_id",         "aux_loss",
      "rope_scaling",   "rope_parameters", "architectures",   "model_type",       "tie_word",
      "dtype",          "use_cache",       "time_step_min",   "time_step_max",    "time_step_fl",
      "time_step_init", "time_step_scale", "rescale_prenorm", "residual_in_fp32", "chunk_size"};
  return std::none_of(std::begin(kNot), std::end(kNot),
                      [&](std::string_view part) { return field.find(part) != field.npos; });
}

bool same_value(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) {
    constexpr double kAsF32 = 1e-6;
    const double x = a.get<double>(), y = b.get<double>();
    return std::abs(x - y) <= kAsF32 * std::max(std::abs(x), std::abs(y));
  }
  return a == b;
}

// Windows that are switched off have whatever width.
bool windows_are_off(const Json& config) {
  return config.contains("use_sliding_window") && config["use_sliding_window"] == false;
}

// Layers that all see everything need no list.
Json list_or_nothing(const Json& value) {
  auto is_full = [](const Json& type) { return type == "full_attention"; };
  return value.is_array() && std::all_of(value.begin(), value.end(), is_full) ? Json() : value;
}

// A file as far as its settings go: vectors first, with their values, since some are settings; matrices by their sizes alone.
Result<formats::Gguf> settings_file(const GgufContents& contents) {
  std::vector<const GgufSource*> order;
  for (const GgufSource& tensor : contents.tensors) order.push_back(&tensor);
  auto is_matrix = [](const GgufSource* tensor) { return tensor->dims.size() > 1; };
  std::ranges::stable_sort(order, {}, is_matrix);
  std::vector<formats::GgufTensorSpec> specs;
  for (const GgufSource* tensor : order) specs.push_back({tensor->name, formats::ggml_type("F32"), tensor->dims});
  MALMOI_ASSIGN(std::string bytes, formats::gguf_header(contents.metadata, specs));
  for (const GgufSource* tensor : order) {
    if (is_matrix(tensor)) break;
    MALMOI_ASSIGN(const std::vector<float> values, tensor->values());
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
    bytes.resize((bytes.size() + formats::kGgufAlignment - 1) / formats::kGgufAlignment * formats::kGgufAlignment);
  }
  return formats::Gguf::from_bytes(std::move(bytes), "GGUF");
}

}  // namespace

Error not_in_gguf(const std::string& what) { return unsupported(what, "GGUF", "keep the Hugging Face folder"); }

const GgufDialect* dialect_of(std::string_view model_type) { return model::find_family(model_type)->gguf; }

Json simplified(const model::Model& model, const GgufDialect& dialect) {
  Json config = model.config();
  if (dialect.simplify) dialect.simplify(config);
  return config;
}

Status add_settings(const Json& config, const GgufDialect& dialect, GgufContents& contents) {
  return Settings(config, dialect, contents).write();
}

Status check_settings(const model::Model& model, const Json& config, const GgufContents& contents) {
  MALMOI_ASSIGN(const formats::Gguf file, settings_file(contents));
  MALMOI_ASSIGN(const model::Family* family, model::family_of(file));
  const std::string_view read_as = dialect_of(model.model_type())->read_as;
  if (family->model_type != (read_as.empty() ? model.model_type() : read_as))
    return not_in_gguf("a " + model.model_type() + " model would be read as " + std::string(family->model_type));
  MALMOI_ASSIGN(const ConfigDocument document, model::config_of(file, *family));
  MALMOI_ASSIGN(const std::unique_ptr<model::Model> back, model::make_model(document, document.root));
  const bool no_windows = windows_are_off(config) && windows_are_off(back->config());
  for (const auto& [field, value] : config.items()) {
    if (!matters(field) || (no_windows && field.find("sliding_window") != field.npos)) continue;
    const Json read = back->config().contains(field) ? back->config()[field] : Json();
    if (!same_value(list_or_nothing(value), list_or_nothing(read)))
      return not_in_gguf("the field '" + field + "' (" + dump_json(value) + ") would be read as " + dump_json(read));
  }
  return {};
}

}  // namespace malmoi::quantize
