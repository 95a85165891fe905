#include "quantize/model_contents.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "model/gguf_config.h"
#include "model/gguf_weights.h"
#include "model/layout.h"
#include "model/registry.h"
#include "nn/rotary.h"

namespace malmoi::quantize {
namespace {

using formats::GgufMetadata;
using model::GgufChange;
using model::GgufDialect;
using model::GgufField;

Error not_in_gguf(const std::string& what) { return unsupported(what, "GGUF", "keep the Hugging Face folder"); }

// How a family is spelled there; Mistral's first models are Llama's, where no window says otherwise.
const GgufDialect* dialect_of(std::string_view model_type) {
  if (const GgufDialect* own = model::find_family(model_type)->gguf) return own;
  return model_type == "mistral" ? model::find_family("llama")->gguf : nullptr;
}

// -- settings ------------------------------------------------------------------------------------------------------------

// llama.cpp reads a key in one type alone, whatever number a config has there.
bool is_float_key(std::string_view key) {
  static constexpr std::string_view kParts[] = {"freq_base", "epsilon", "softcapping", "factor", "beta", "_scale"};
  return key == "attention.scale" ||
         std::any_of(std::begin(kParts), std::end(kParts), [&](std::string_view p) { return key.find(p) != key.npos; });
}

void put_value(const std::string& key, const Json& value, GgufMetadata& metadata) {
  if (value.is_boolean()) metadata.set_bool(key, value.get<bool>());
  else if (value.is_number() && (is_float_key(key) || value.is_number_float()))
    metadata.set_f32(key, value.get<float>());
  else if (value.is_number_integer()) metadata.set_u32(key, static_cast<uint32_t>(value.get<int64_t>()));
}

const Json& rope_of(const Json& config) {
  static const Json none = Json::object();
  for (const char* key : {"rope_scaling", "rope_parameters"})
    if (config.contains(key) && config[key].is_object()) return config[key];
  return none;
}

class Settings {
 public:
  Settings(const model::Model& model, const GgufDialect& dialect, GgufContents& contents)
      : config_(model.config()),
        dialect_(dialect),
        contents_(contents),
        prefix_(std::string(dialect.architecture) + ".") {}

  Status write() {
    contents_.metadata.set_text("general.architecture", dialect_.architecture);
    contents_.metadata.set_u32("general.quantization_version", 2);
    for (std::span<const GgufField> fields : {dialect_.fields, dialect_.shared_fields})
      for (const GgufField& field : fields) put(field.key, value(std::string(field.field)));
    const Json words = value("vocab_size"), width = value("head_dim");
    put("vocab_size", words);
    if (width.is_number()) put("attention.value_length", width);
    return write_rotary();
  }

 private:
  Json value(const std::string& field) const { return config_.contains(field) ? config_[field] : Json(); }
  void put(std::string_view key, const Json& value) {
    put_value(prefix_ + std::string(key), value, contents_.metadata);
  }

  double head_dim() const {
    const Json width = value("head_dim"), hidden = value("hidden_size"), heads = value("num_attention_heads");
    if (width.is_number()) return width.get<double>();
    return hidden.is_number() && heads.is_number() ? hidden.get<double>() / heads.get<double>() : 0;
  }

  bool has_rotary() const {
    auto is_base = [](const GgufField& field) { return field.key == "rope.freq_base"; };
    return std::ranges::any_of(dialect_.fields, is_base) || std::ranges::any_of(dialect_.shared_fields, is_base) ||
           config_.contains(std::string(dialect_.rotary_share));
  }

  Status write_rotary() {
    if (!has_rotary()) return {};
    const Json share = value(std::string(dialect_.rotary_share));
    const double rotated = head_dim() * (share.is_number() ? share.get<double>() : 1);
    if (rotated >= 2) put("rope.dimension_count", static_cast<int64_t>(rotated));
    const Json& rope = rope_of(config_);
    const std::string type = rope.value("rope_type", "default");
    if (type == "default") return {};
    if (type == "llama3") return write_divisors(rope, static_cast<int64_t>(rotated));
    if (type == "longrope") return write_longrope(rope);
    if (type != "linear" && type != "yarn") return not_in_gguf("the rotary scaling '" + type + "' has no form there");
    contents_.metadata.set_text(prefix_ + "rope.scaling.type", type);
    for (auto [field, key] :
         {std::pair{"factor", "rope.scaling.factor"},
          std::pair{"original_max_position_embeddings", "rope.scaling.original_context_length"},
          std::pair{"beta_fast", "rope.scaling.yarn_beta_fast"}, std::pair{"beta_slow", "rope.scaling.yarn_beta_slow"}})
      if (rope.contains(field)) put(key, rope[field]);
    return {};
  }

  void add_vector(std::string_view name, std::vector<float> numbers) {
    const uint64_t count = numbers.size();
    auto values = [numbers = std::move(numbers)]() -> Result<std::vector<float>> { return numbers; };
    contents_.tensors.push_back({std::string(name), {count}, formats::ggml_type("F32"), values});
  }

  // What llama.cpp divides frequencies by, in place of Llama 3.1's bands.
  Status write_divisors(const Json& rope, int64_t rotated) {
    const double base = value("rope_theta").get<double>(), factor = rope["factor"].get<double>();
    const double low = rope.value("low_freq_factor", 1.0), high = rope.value("high_freq_factor", 4.0);
    const double length = rope["original_max_position_embeddings"].get<double>();
    std::vector<float> divisors;
    for (int64_t i = 0; i < rotated; i += 2) {
      const double wave = 2 * M_PI * std::pow(base, static_cast<double>(i) / static_cast<double>(rotated));
      const double smooth = std::clamp((length / wave - low) / (high - low), 0.0, 1.0);
      divisors.push_back(static_cast<float>(1 / ((1 - smooth) / factor + smooth)));
    }
    add_vector(model::kRopeDivisors, std::move(divisors));
    return {};
  }

  Status write_longrope(const Json& rope) {
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

// -- tensors -------------------------------------------------------------------------------------------------------------

// One published tensor of the model, and how it lies in the file.
struct Piece {
  const nn::ParameterSet::Entry* entry;
  nn::Source source;
  GgufChange change;
  int64_t expert;
};

std::vector<float> values_of(const Piece& piece) {
  const autograd::Parameter& p = piece.entry->parameter;
  std::vector<float> values = model::copy_out(p.master ? p.master : p.compute, piece.entry->spec, piece.source);
  for (float& value : values) {
    if (piece.change == GgufChange::kPlusOne) value += 1;
    if (piece.change == GgufChange::kNegativeExp) value = -std::exp(value);
  }
  return values;
}

const formats::GgmlType* stored_type(const Piece& piece, size_t index) {
  const nn::ParameterSet::Entry& entry = *piece.entry;
  const DType type = index < entry.originals.size() ? entry.originals[index].type : entry.parameter.compute.dtype();
  if (entry.spec.shape.rank() < 2) return formats::ggml_type("F32");
  return formats::ggml_type(type == DType::kBF16 ? "BF16" : type == DType::kF16 ? "F16" : "F32");
}

class Tensors {
 public:
  Tensors(const model::Model& model, const GgufDialect& dialect, GgufContents& contents)
      : model_(model), dialect_(dialect), contents_(contents), head_dim_(head_dim(model.config())) {}

  Status write() {
    for (const auto& entry : model_.parameters.entries())
      for (size_t i = 0; i < entry->spec.sources.size(); ++i) MALMOI_TRY(add(*entry, i));
    for (const std::string& name : order_) add_joined(name);
    return {};
  }

 private:
  static int64_t head_dim(const Json& config) {
    auto number = [&](const char* key) {
      return config.contains(key) && config[key].is_number() ? config[key].get<int64_t>() : 0;
    };
    const int64_t heads = number("num_attention_heads");
    return number("head_dim") > 0 ? number("head_dim") : heads > 0 ? number("hidden_size") / heads : 0;
  }

  Status add(const nn::ParameterSet::Entry& entry, size_t index) {
    const nn::Source& source = entry.spec.sources[index];
    const model::GgufPlace place = model::place_of(dialect_, source.name);
    if (place.tensor == source.name || place.change == GgufChange::kKeysApart || place.change == GgufChange::kReshaped)
      return not_in_gguf("tensor '" + source.name + "' of a " + model_.model_type() + " model is not written yet");
    Piece piece{&entry, source, place.change, place.expert};
    piece.source.layout = {};
    if (place.change == GgufChange::kRotary && dialect_.interleaved && head_dim_ > 0)
      piece.source.layout = {nn::Layout::kRotaryPermuted, source.rows / head_dim_};
    auto& pieces = pieces_[place.tensor];
    if (pieces.empty()) order_.push_back(place.tensor), types_[place.tensor] = stored_type(piece, index);
    pieces.push_back(std::move(piece));
    return {};
  }

  void add_joined(const std::string& name) {
    std::vector<Piece>& pieces = pieces_[name];
    std::ranges::sort(pieces, {}, &Piece::expert);
    const std::vector<int64_t> shape = model::stored_shape(pieces[0].entry->spec, pieces[0].source);
    std::vector<uint64_t> dims(shape.rbegin(), shape.rend());
    if (pieces[0].expert >= 0) dims.push_back(pieces.size());
    auto values = [pieces]() -> Result<std::vector<float>> {
      std::vector<float> all;
      for (const Piece& piece : pieces) {
        const std::vector<float> one = values_of(piece);
        all.insert(all.end(), one.begin(), one.end());
      }
      return all;
    };
    contents_.tensors.push_back({name, dims, types_[name], values});
  }

  const model::Model& model_;
  const GgufDialect& dialect_;
  GgufContents& contents_;
  int64_t head_dim_;
  std::map<std::string, std::vector<Piece>> pieces_;
  std::map<std::string, const formats::GgmlType*> types_;
  std::vector<std::string> order_;
};

// -- the file's settings read back ----------------------------------------------------------------------------------------

bool matters(std::string_view field) {
  static constexpr std::string_view kNot[] = {"dropout",       "pdrop",      "initializer", "token_id",
                                              "architectures", "model_type", "rope_",       "aux_loss",
                                              "tie_word",      "dtype",      "use_cache",   "layer_types"};
  return std::none_of(std::begin(kNot), std::end(kNot),
                      [&](std::string_view n) { return field.find(n) != field.npos; });
}

bool same_value(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) {
    const double x = a.get<double>(), y = b.get<double>();
    return std::abs(x - y) <= 1e-6 * std::max(std::abs(x), std::abs(y));
  }
  return a == b;
}

// A file of these keys and tensors for the sake of its settings: vectors have their values (frequencies' divisors are
// settings), matrices are zeros.
Result<std::string> header_bytes(const GgufContents& contents) {
  std::string bytes = "GGUF";
  auto put = [&](auto number) { bytes.append(reinterpret_cast<const char*>(&number), sizeof number); };
  put(uint32_t{3}), put(static_cast<uint64_t>(contents.tensors.size()));
  put(static_cast<uint64_t>(contents.metadata.size()));
  bytes += contents.metadata.serialized();
  uint64_t offset = 0;
  for (const GgufSource& tensor : contents.tensors) {
    const formats::GgmlType& type = *formats::ggml_type("F32");
    put(static_cast<uint64_t>(tensor.name.size()));
    bytes += tensor.name;
    put(static_cast<uint32_t>(tensor.dims.size()));
    for (uint64_t size : tensor.dims) put(size);
    put(type.id), put(offset);
    offset += (tensor.elements() * sizeof(float) + 31) / 32 * 32;
  }
  const size_t data = (bytes.size() + 31) / 32 * 32;
  bytes.resize(data + offset);
  offset = 0;
  for (const GgufSource& tensor : contents.tensors) {
    if (tensor.dims.size() == 1) {
      MALMOI_ASSIGN(const std::vector<float> values, tensor.values());
      std::memcpy(bytes.data() + data + offset, values.data(), values.size() * sizeof(float));
    }
    offset += (tensor.elements() * sizeof(float) + 31) / 32 * 32;
  }
  return bytes;
}

// Windows that are switched off have whatever width.
bool windows_are_off(const Json& config) {
  return config.contains("use_sliding_window") && config["use_sliding_window"] == false;
}

Status check_settings(const model::Model& model, const GgufContents& contents) {
  MALMOI_ASSIGN(std::string bytes, header_bytes(contents));
  MALMOI_ASSIGN(const formats::Gguf file, formats::Gguf::from_bytes(std::move(bytes), "GGUF"));
  MALMOI_ASSIGN(const model::Family* family, model::family_of(file));
  if (family->model_type != model.model_type() && family->gguf != dialect_of(model.model_type()))
    return not_in_gguf("a " + model.model_type() + " model would be read as " + std::string(family->model_type));
  MALMOI_ASSIGN(const ConfigDocument document, model::config_of(file, *family));
  MALMOI_ASSIGN(const std::unique_ptr<model::Model> back, model::make_model(document, document.root));
  for (const auto& [field, value] : model.config().items()) {
    if (!matters(field)) continue;
    if (field.find("sliding_window") != field.npos && windows_are_off(model.config()) &&
        windows_are_off(back->config()))
      continue;
    const Json read = back->config().contains(field) ? back->config()[field] : Json();
    if (!same_value(value, read))
      return not_in_gguf("the field '" + field + "' (" + dump_json(value) + ") would be read as " + dump_json(read));
  }
  return {};
}

}  // namespace

Result<GgufContents> contents_of(std::shared_ptr<const model::Model> model) {
  const GgufDialect* dialect = dialect_of(model->model_type());
  if (!dialect) return not_in_gguf("the family " + model->model_type() + " is not written there");
  if (dialect->task != model->task())
    return not_in_gguf("a head of this kind of a " + model->model_type() + " model has no form there");
  GgufContents contents;
  contents.architecture = dialect->architecture;
  contents.layers = model->num_layers();
  MALMOI_TRY(Settings(*model, *dialect, contents).write());
  MALMOI_TRY(Tensors(*model, *dialect, contents).write());
  MALMOI_TRY(check_settings(*model, contents));
  contents.kept.push_back(model);
  return contents;
}

}  // namespace malmoi::quantize
