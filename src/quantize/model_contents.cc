#include "quantize/model_contents.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "model/gguf_weights.h"
#include "model/layout.h"
#include "quantize/gguf_settings.h"

namespace malmoi::quantize {
namespace {

using model::GgufChange;
using model::GgufDialect;

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
      : model_(model), dialect_(dialect), contents_(contents), head_dim_(head_dim_of(model.config())) {}

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
    if (place.tensor == source.name || place.change == GgufChange::kKeysApart || place.change == GgufChange::kReshaped)
      return not_in_gguf("tensor '" + source.name + "' of a " + model_.model_type() + " model is not written yet");
    Piece piece{&entry, source, place.change, place.expert};
    piece.source.layout = model::gguf_rows(dialect_, source, head_dim_);
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

}  // namespace

Result<GgufContents> contents_of(std::shared_ptr<const model::Model> model) {
  const GgufDialect* dialect = dialect_of(model->model_type());
  if (!dialect) return not_in_gguf("the family " + model->model_type() + " is not written there");
  if (dialect->task != model->task())
    return not_in_gguf("a head of this kind of a " + model->model_type() + " model has no form there");
  GgufContents contents;
  contents.architecture = dialect->architecture;
  contents.layers = model->num_layers();
  MALMOI_TRY(add_settings(*model, *dialect, contents));
  MALMOI_TRY(Tensors(*model, *dialect, contents).write());
  MALMOI_TRY(check_settings(*model, contents));
  contents.kept.push_back(model);
  return contents;
}

}  // namespace malmoi::quantize
