#include "quantize/model_contents.h"

#include <algorithm>
#include <functional>
#include <map>

#include "model/gguf_change.h"
#include "model/gguf_weights.h"
#include "model/layout.h"
#include "quantize/gguf_settings.h"

namespace malmoi::quantize {
namespace {

using model::GgufChange;
using model::GgufDialect;

// One published tensor of the model, and how it lies in the file.
struct Piece {
  const model::Model* model;
  const GgufDialect* dialect;
  const nn::ParameterSet::Entry* entry;
  nn::Source source;
  model::GgufPlace place;
  int64_t rows_before = 0;  // that the file leaves out
};

std::vector<float> values_of(const Piece& piece) {
  const autograd::Parameter& p = piece.entry->parameter;
  std::vector<float> values = model::copy_out(p.master ? p.master : p.compute, piece.entry->spec, piece.source);
  if (piece.dialect->fold) piece.dialect->fold(piece.model->config(), piece.source.name, values);
  model::change_to_gguf(values, piece.place.change);
  values.erase(values.begin(), values.begin() + piece.rows_before * model::columns_of(piece.entry->spec));
  return values;
}

// llama.cpp's operators of filters, states and positions take f32 alone.
bool is_packed_there(const nn::ParameterSpec& spec) {
  return autograd::is_product(spec.role) || spec.role == nn::Role::kEmbedding;
}

const formats::GgmlType* stored_type(const Piece& piece, size_t index) {
  const nn::ParameterSet::Entry& entry = *piece.entry;
  const DType type = index < entry.originals.size() ? entry.originals[index].type : entry.parameter.compute.dtype();
  if (entry.spec.shape.rank() < 2 || !is_packed_there(entry.spec)) return formats::ggml_type("F32");
  return formats::ggml_type(type == DType::kBF16 ? "BF16" : type == DType::kF16 ? "F16" : "F32");
}

class Tensors {
 public:
  Tensors(const model::Model& model, const Json& config, const GgufDialect& dialect, GgufContents& contents)
      : model_(model), config_(config), dialect_(dialect), contents_(contents), head_dim_(model::head_dim_of(config)) {}

  Status write() {
    for (const auto& entry : model_.parameters.entries())
      for (size_t i = 0; i < entry->spec.sources.size(); ++i) MALMOI_TRY(add(*entry, i));
    for (const std::string& name : order_) add_joined(name);
    return {};
  }

 private:
  Status add(const nn::ParameterSet::Entry& entry, size_t index) {
    const nn::Source& source = entry.spec.sources[index];
    const model::GgufPlace place = model::place_of(dialect_, source.name);
    if (place.tensor == source.name)
      return not_in_gguf("tensor '" + source.name + "' of a " + model_.model_type() + " model has no name there");
    Piece piece{&model_, &dialect_, &entry, source, place};
    if (place.change == GgufChange::kFromPadding) piece.rows_before = size("pad_token_id") + 1;
    piece.source.layout = model::gguf_rows(dialect_, source, head_dim_);
    if (place.change == GgufChange::kKeysApart || place.change == GgufChange::kGateApart) {
      if (place.change == GgufChange::kKeysApart) add_keys_apart(piece, stored_type(piece, index));
      else add_gate_apart(piece, stored_type(piece, index));
      return {};
    }
    auto& pieces = pieces_[place.tensor];
    if (pieces.empty()) order_.push_back(place.tensor), types_[place.tensor] = stored_type(piece, index);
    pieces.push_back(std::move(piece));
    return {};
  }

  int64_t size(const char* field) const {
    return config_.contains(field) && config_[field].is_number() ? config_[field].get<int64_t>() : 1;
  }

  int64_t groups() const {
    for (const model::GgufField& field : dialect_.fields)
      if (field.key == "ssm.group_count") return size(std::string(field.field).c_str());
    return 1;
  }

  // Keys and values of latent attention, each in a tensor of its own.
  void add_keys_apart(const Piece& whole, const formats::GgmlType* type) {
    model::LatentKeys latent{.heads = size("num_attention_heads"), .key = size("qk_nope_head_dim")};
    latent.value = whole.source.rows / latent.heads - latent.key;
    latent.in = whole.entry->spec.shape.columns();
    const auto [keys, values] = model::LatentKeys::names(whole.place.tensor);
    add_tensor(keys, {latent.heads, latent.in, latent.key}, type,
               [whole, latent] { return latent.keys(values_of(whole)); });
    add_tensor(values, {latent.heads, latent.value, latent.in}, type,
               [whole, latent] { return latent.values(values_of(whole)); });
  }

  void add_gate_apart(const Piece& whole, const formats::GgmlType* type) {
    const int64_t columns = whole.entry->spec.shape.columns();
    const int64_t gate = size("linear_num_value_heads") * size("linear_value_head_dim"),
                  mixed = whole.source.rows - gate;
    const auto [mixed_name, gate_name] = model::gate_apart_names(whole.place.tensor);
    auto rows = [whole, columns](int64_t begin, int64_t count) {
      const std::vector<float> all = values_of(whole);
      return std::vector<float>(all.begin() + begin * columns, all.begin() + (begin + count) * columns);
    };
    add_tensor(mixed_name, {mixed, columns}, type, [=] { return rows(0, mixed); });
    add_tensor(gate_name, {gate, columns}, type, [=] { return rows(mixed, gate); });
  }

  // Dimensions slowest first.
  void add_tensor(const std::string& name, const std::vector<int64_t>& shape, const formats::GgmlType* type,
                  std::function<std::vector<float>()> values) {
    const std::vector<uint64_t> dims(shape.rbegin(), shape.rend());
    auto result = [values = std::move(values)]() -> Result<std::vector<float>> { return values(); };
    contents_.tensors.push_back({name, dims, type, result});
  }

  void add_joined(const std::string& name) {
    std::vector<Piece>& pieces = pieces_[name];
    std::ranges::sort(pieces, {}, [](const Piece& piece) { return piece.place.expert; });
    std::vector<int64_t> published = model::stored_shape(pieces[0].entry->spec, pieces[0].source);
    published[0] -= pieces[0].rows_before;
    std::vector<int64_t> shape = model::gguf_shape(pieces[0].place.shape, published, groups());
    if (pieces[0].place.expert >= 0) shape.insert(shape.begin(), static_cast<int64_t>(pieces.size()));
    add_tensor(name, shape, types_[name], [pieces] {
      std::vector<float> all;
      for (const Piece& piece : pieces) {
        const std::vector<float> one = values_of(piece);
        all.insert(all.end(), one.begin(), one.end());
      }
      return all;
    });
  }

  const model::Model& model_;
  const Json& config_;
  const GgufDialect& dialect_;
  GgufContents& contents_;
  int64_t head_dim_;
  std::map<std::string, std::vector<Piece>> pieces_;
  std::map<std::string, const formats::GgmlType*> types_;
  std::vector<std::string> order_;
};

}  // namespace

Result<GgufContents> contents_of(std::shared_ptr<const model::Model> model) {
  const GgufDialect* dialect = dialect_of(model->model_type());
  if (!dialect) return not_in_gguf("the family " + model->model_type() + " is not written there");
  if (dialect->task != model->task())
    return not_in_gguf("a head of this kind of a " + model->model_type() + " model has no form there");
  GgufContents contents;
  contents.architecture = dialect->architecture;
  contents.layers = model->num_layers();
  const Json config = simplified(*model, *dialect);
  MALMOI_TRY(add_settings(config, *dialect, contents));
  MALMOI_TRY(Tensors(*model, config, *dialect, contents).write());
  MALMOI_TRY(check_settings(*model, config, contents));
  contents.kept.push_back(model);
  return contents;
}

}  // namespace malmoi::quantize
