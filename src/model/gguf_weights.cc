#include "model/gguf_weights.h"

#include <algorithm>

#include "base/json_read.h"
#include "model/gguf_change.h"
#include "model/layout.h"
#include "model/stored_values.h"

namespace malmoi::model {
namespace {

using formats::ElementType;
using formats::GgufTensor;
using formats::StoredTensor;

// Replaces the part in the name; '#' takes the digits that stand there, '*' keeps them.
bool replace(std::string& name, const GgufName& part, int64_t& expert) {
  size_t mark = part.published.find_first_of("#*");
  if (mark == std::string_view::npos) {
    size_t at = name.find(part.published);
    if (at == std::string::npos) return false;
    name.replace(at, part.published.size(), part.gguf);
    return true;
  }
  std::string_view before = part.published.substr(0, mark), after = part.published.substr(mark + 1);
  size_t at = name.find(before);
  if (at == std::string::npos) return false;
  size_t end = name.find_first_not_of("0123456789", at + before.size());
  if (end == std::string::npos || !std::string_view(name).substr(end).starts_with(after)) return false;
  const std::string digits = name.substr(at + before.size(), end - at - before.size());
  std::string instead(part.gguf);
  if (part.published[mark] == '#') expert = std::stoll(digits);
  else instead.replace(instead.find('*'), 1, digits);
  name.replace(at, end + after.size() - at, instead);
  return true;
}

// Slowest first, as ours.
std::vector<int64_t> shape_of(const GgufTensor& tensor) {
  std::vector<int64_t> shape(tensor.dims.rbegin(), tensor.dims.rend());
  return shape;
}

}  // namespace

GgufPlace place_of(const GgufDialect& dialect, const std::string& published) {
  GgufPlace place{.tensor = published};
  for (std::span<const GgufName> names : {dialect.names, dialect.shared}) {
    for (const GgufName& part : names) {
      if (!replace(place.tensor, part, place.expert)) continue;
      if (part.change != GgufChange::kNone) place.change = part.change;
      if (part.shape != GgufShape::kPublished) place.shape = part.shape;
    }
  }
  return place;
}

int64_t head_dim_of(const Json& config) {
  if (const auto said = json_count(config, "head_dim"); said && *said > 0) return *said;
  const int64_t heads = json_count(config, "num_attention_heads").value_or(0);
  return heads > 0 ? json_count(config, "hidden_size").value_or(0) / heads : 0;
}

nn::Layout gguf_rows(const GgufDialect& dialect, const nn::Source& source, int64_t head_dim) {
  const GgufChange change = place_of(dialect, source.name).change;
  if (change == GgufChange::kPublishedRows) return source.layout;
  const bool rotary = change == GgufChange::kRotary && dialect.interleaved;
  if (!rotary || head_dim <= 0 || source.rows % head_dim != 0) return {};
  return {nn::Layout::kRotaryPermuted, source.rows / head_dim};
}

Status set_type(StoredTensor& stored, const formats::GgmlType& type, const std::string& where) {
  if (type.name == "F32") stored.type = ElementType::kF32;
  else if (type.name == "F16") stored.type = ElementType::kF16;
  else if (type.name == "BF16") stored.type = ElementType::kBF16;
  else if (type.name == "F64") stored.type = ElementType::kF64;
  else if (find_block_format(type.name)) stored.packed = type.name;
  else
    return unsupported("tensor '" + stored.name + "' is of type " + std::string(type.name) + ", which holds no weights",
                       where, "use a file of another type");
  return {};
}

Result<StoredTensor> stored_tensor(const formats::Gguf& file, const GgufTensor& tensor) {
  StoredTensor stored{.name = tensor.name, .shape = shape_of(tensor)};
  MALMOI_TRY(set_type(stored, *tensor.type, file.path().string()));
  MALMOI_ASSIGN(stored.bytes, file.bytes(tensor));
  return stored;
}

Result<GgufWeights> GgufWeights::open(std::shared_ptr<const formats::Gguf> file, const GgufDialect& dialect,
                                      const nn::ParameterSet& parameters) {
  MALMOI_TRY(file->check_data());
  GgufWeights weights;
  weights.file_ = std::move(file);
  std::string prefix = std::string(dialect.architecture) + ".";
  int64_t heads = weights.file_->integer_or(prefix + "attention.head_count", 0);
  int64_t even = heads > 0 ? weights.file_->integer_or(prefix + "embedding_length", 0) / heads : 0;
  weights.head_dim_ = weights.file_->integer_or(prefix + "attention.key_length", even);
  for (const auto& entry : parameters.entries())
    for (const nn::Source& source : entry->spec.sources) MALMOI_TRY(weights.add(dialect, entry->spec, source));
  MALMOI_TRY(weights.add_left_over());
  return weights;
}

Status GgufWeights::add(const GgufDialect& dialect, const nn::ParameterSpec& spec, const nn::Source& source) {
  GgufPlace place = place_of(dialect, source.name);
  const GgufTensor* tensor = file_->tensor(place.tensor);
  if (!tensor && place.change == GgufChange::kKeysApart) return join_keys(place, source);
  if (!tensor && place.change == GgufChange::kGateApart) return join_gate(place, source);
  if (!tensor) return {};  // the loader says what is missing
  used_[place.tensor] = true;
  MALMOI_ASSIGN(StoredTensor stored, stored_tensor(*file_, *tensor));
  stored.name = source.name;
  if (place.expert >= 0) {
    if (stored.shape.size() < 2 || place.expert >= stored.shape[0])
      return invalid_data("tensor '" + tensor->name + "' has shape " + formats::shape_text(stored.shape) +
                              ", not one part for each expert or head",
                          file_->path().string(), "the file does not belong to its metadata");
    size_t bytes = stored.bytes.size() / static_cast<size_t>(stored.shape[0]);
    stored.bytes = stored.bytes.subspan(static_cast<size_t>(place.expert) * bytes, bytes);
    stored.shape.erase(stored.shape.begin());
  }
  nn::Source as_ours = source;
  as_ours.layout = {};
  const nn::Layout rows =
      place.change == GgufChange::kGateApart ? source.layout : gguf_rows(dialect, source, head_dim_);
  if (rows.kind != nn::Layout::kAsIs) layouts_[source.name] = rows;
  std::vector<int64_t> wanted = stored_shape(spec, as_ours);
  const bool other_shape = place.shape != GgufShape::kPublished;
  if (other_shape && formats::element_count(stored.shape) == formats::element_count(wanted)) stored.shape = wanted;
  if (changes_values(place.change)) {
    MALMOI_ASSIGN(std::vector<float> values, stored_values(stored, file_->path().string()));
    change_from_gguf(values, place.change);
    changed_.push_back(std::move(values));
    stored.type = ElementType::kF32;
    stored.packed = {};
    stored.bytes = std::as_bytes(std::span<const float>(changed_.back()));
  }
  index_[stored.name] = tensors_.size();
  tensors_.push_back(std::move(stored));
  return {};
}

// A projection whose keys and values stand apart.
Status GgufWeights::join_keys(const GgufPlace& place, const nn::Source& source) {
  const auto [keys_name, values_name] = LatentKeys::names(place.tensor);
  const GgufTensor *keys = file_->tensor(keys_name), *values = file_->tensor(values_name);
  if (!keys || !values) return {};  // the loader says what is missing
  used_[keys->name] = used_[values->name] = true;
  MALMOI_ASSIGN(const StoredTensor k, stored_tensor(*file_, *keys));
  MALMOI_ASSIGN(const StoredTensor v, stored_tensor(*file_, *values));
  if (k.shape.size() != 3 || v.shape.size() != 3 || k.shape[0] != v.shape[0] || k.shape[1] != v.shape[2])
    return invalid_data("tensors '" + k.name + "' and '" + v.name + "' have shapes " + formats::shape_text(k.shape) +
                            " and " + formats::shape_text(v.shape) + ", not those of one projection",
                        file_->path().string(), "the file does not belong to its metadata");
  const LatentKeys latent{.heads = k.shape[0], .key = k.shape[2], .value = v.shape[1], .in = k.shape[1]};
  MALMOI_ASSIGN(const std::vector<float> k_values, stored_values(k, file_->path().string()));
  MALMOI_ASSIGN(const std::vector<float> v_values, stored_values(v, file_->path().string()));
  add_joined(source, latent.joined(k_values, v_values), {latent.heads * (latent.key + latent.value), latent.in});
  return {};
}

// Rows of q, k and v, and behind them those of z.
Status GgufWeights::join_gate(const GgufPlace& place, const nn::Source& source) {
  const auto [mixed_name, gate_name] = gate_apart_names(place.tensor);
  const GgufTensor *mixed = file_->tensor(mixed_name), *gate = file_->tensor(gate_name);
  if (!mixed || !gate) return {};  // the loader says what is missing
  used_[mixed->name] = used_[gate->name] = true;
  if (mixed->dims.size() != 2 || gate->dims.size() != 2 || mixed->dims[0] != gate->dims[0] || mixed->dims[0] == 0)
    return invalid_data("tensors '" + mixed->name + "' and '" + gate->name + "' are not matrices of one width",
                        file_->path().string(), "the file does not belong to its metadata");
  std::vector<float> rows;
  for (const GgufTensor* part : {mixed, gate}) {
    MALMOI_ASSIGN(const StoredTensor stored, stored_tensor(*file_, *part));
    MALMOI_ASSIGN(const std::vector<float> values, stored_values(stored, file_->path().string()));
    rows.insert(rows.end(), values.begin(), values.end());
  }
  const auto columns = static_cast<int64_t>(mixed->dims[0]);
  const auto count = static_cast<int64_t>(rows.size()) / columns;
  add_joined(source, std::move(rows), {count, columns});
  return {};
}

void GgufWeights::add_joined(const nn::Source& source, std::vector<float> values, std::vector<int64_t> shape) {
  const std::vector<float>& joined = changed_.emplace_back(std::move(values));
  index_[source.name] = tensors_.size();
  tensors_.push_back({.name = source.name,
                      .type = ElementType::kF32,
                      .shape = std::move(shape),
                      .bytes = std::as_bytes(std::span<const float>(joined))});
}

Status GgufWeights::add_left_over() {
  for (const GgufTensor& tensor : file_->tensors()) {
    bool is_setting =
        tensor.name == kRopeDivisors || tensor.name == kLongRopeDivisors || tensor.name == kShortRopeDivisors;
    if (used_.contains(tensor.name) || is_setting) continue;
    tensors_.push_back({.name = tensor.name, .shape = shape_of(tensor)});
  }
  return {};
}

const StoredTensor* GgufWeights::find(std::string_view name) const {
  auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

nn::Layout GgufWeights::layout(const std::string& name) const {
  auto found = layouts_.find(name);
  return found == layouts_.end() ? nn::Layout{} : found->second;
}

}  // namespace malmoi::model
