#include "model/save.h"

#include "formats/safetensors.h"
#include "model/layout.h"
#include "model/registry.h"
#include "model/spellings.h"
#include "model/stored_values.h"

namespace malmoi::model {
namespace {

using formats::ElementType;

Json generation_config(const Json& config) {
  Json json = {{"_from_model_config", true}};
  for (const char* key : {"bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id",
                          "forced_bos_token_id", "forced_eos_token_id"}) {
    if (config.contains(key) && !config[key].is_null()) json[key] = config[key];
  }
  return json;
}

ElementType element_type(DType dtype) {
  return dtype == DType::kBF16 ? ElementType::kBF16 : dtype == DType::kF16 ? ElementType::kF16 : ElementType::kF32;
}

struct SavedPlace {  // of each published tensor
  const nn::ParameterSet::Entry* entry;
  size_t source;
};

// So many values in another type.
Status write_as(const void* values, DType type, size_t count, DType dtype, const formats::TensorSink& sink) {
  std::vector<std::byte> bytes(count * dtype_size(dtype));
  convert(values, type, bytes.data(), dtype, count);
  return sink(bytes);
}

Status write_as(const std::vector<float>& values, DType dtype, const formats::TensorSink& sink) {
  return write_as(values.data(), DType::kF32, values.size(), dtype, sink);
}

Status write_one(const SavedPlace& place, DType dtype, const formats::TensorSink& sink) {
  const Parameter& p = place.entry->parameter;
  const nn::ParameterSpec& spec = place.entry->spec;
  const nn::Source& source = spec.sources[place.source];
  if (place.source < place.entry->originals.size()) {  // what products read may be rounded
    const nn::ParameterSet::Original& original = place.entry->originals[place.source];
    const auto count = static_cast<size_t>(source.rows * columns_of(spec));
    return write_as(original.bytes.data(), original.type, count, dtype, sink);
  }
  if (p.master && dtype == DType::kF32 && lies_as_ours(spec, source)) {  // as it lies in memory
    size_t row = p.master.bytes() / static_cast<size_t>(spec.shape.rank() == 1 ? spec.shape[0] : spec.shape.rows());
    return sink({static_cast<const std::byte*>(p.master.data()) + static_cast<size_t>(source.row_begin) * row,
                 static_cast<size_t>(source.rows) * row});
  }
  return write_as(copy_out(p.master ? p.master : p.compute, spec, source), dtype, sink);
}

Status write_carried(const formats::StoredTensor& tensor, DType dtype, const formats::TensorSink& sink) {
  MALMOI_ASSIGN(const std::vector<float> values, stored_values(tensor, tensor.name));
  return write_as(values, dtype, sink);
}

// All published tensors of a set, in its order.
struct Saved {
  std::vector<formats::TensorSpec> specs;
  std::vector<SavedPlace> places;
};

Saved saved_of(const nn::ParameterSet& parameters, DType dtype) {
  Saved saved;
  for (const auto& entry : parameters.entries()) {
    for (size_t i = 0; i < entry->spec.sources.size(); ++i) {
      const nn::Source& source = entry->spec.sources[i];
      saved.specs.push_back({source.name, element_type(dtype), stored_shape(entry->spec, source)});
      saved.places.push_back({entry.get(), i});
    }
  }
  return saved;
}

// A and B of PiSSA with what they began with behind them: [A; A0] and [B, -B0], for the weights as they were.
std::vector<float> with_initial(const nn::ParameterSet::Entry& now, const nn::ParameterSet::Entry& before, bool is_a) {
  const std::vector<float> first = copy_out(now.parameter.master, now.spec, now.spec.sources[0]),
                           second = copy_out(before.parameter.compute, before.spec, before.spec.sources[0]);
  std::vector<float> both;
  const size_t piece = is_a ? first.size() : static_cast<size_t>(now.spec.shape.columns());
  const float sign = is_a ? 1 : -1;
  for (size_t at = 0; at < first.size(); at += piece) {
    both.insert(both.end(), first.begin() + static_cast<std::ptrdiff_t>(at),
                first.begin() + static_cast<std::ptrdiff_t>(at + piece));
    for (size_t i = at; i < at + piece; ++i) both.push_back(sign * second[i]);
  }
  return both;
}

Status save_principal(const TrainedAdapter& adapter, const Path& file, DType dtype) {
  Saved saved = saved_of(adapter.parameters, dtype);
  const size_t factors = 2 * adapter.plan.modules.size();  // what is trained whole stands behind them
  for (size_t i = 0; i < factors; ++i) saved.specs[i].shape[i % 2] *= 2;
  return formats::write_safetensors(file, saved.specs, [&](size_t i, const formats::TensorSink& sink) {
    if (i >= factors) return write_one(saved.places[i], dtype, sink);
    return write_as(with_initial(*saved.places[i].entry, *adapter.initial.entries()[i], i % 2 == 0), dtype, sink);
  });
}

}  // namespace

Status save_model(const Model& model, const Path& folder, DType dtype) {
  MALMOI_TRY(make_folder(folder));
  Json config = model.config();
  config["torch_dtype"] = dtype == DType::kBF16 ? "bfloat16" : dtype == DType::kF16 ? "float16" : "float32";
  config["dtype"] = config["torch_dtype"];
  MALMOI_TRY(write_file(folder / "config.json", dump_json(config, 2) + "\n"));
  if (model.generates())
    MALMOI_TRY(write_file(folder / "generation_config.json", dump_json(generation_config(config), 2) + "\n"));
  Saved saved = saved_of(model.parameters, dtype);
  const Family& family = *find_family(model.model_type());
  for (formats::TensorSpec& spec : saved.specs) spec.name = saved_name(family, model, spec.name);
  for (const formats::StoredTensor& tensor : model.carried)
    saved.specs.push_back({saved_name(family, model, tensor.name), element_type(dtype), tensor.shape});
  return formats::write_safetensors_folder(folder, saved.specs, [&](size_t i, const formats::TensorSink& sink) {
    const size_t own = saved.places.size();
    return i < own ? write_one(saved.places[i], dtype, sink) : write_carried(model.carried[i - own], dtype, sink);
  });
}

Status save_adapter(const TrainedAdapter& adapter, const Path& folder, DType dtype) {
  MALMOI_TRY(make_folder(folder));
  MALMOI_TRY(write_file(folder / "adapter_config.json", dump_json(adapter.plan.config, 2) + "\n"));
  if (adapter.plan.principal) return save_principal(adapter, folder / "adapter_model.safetensors", dtype);
  const Saved saved = saved_of(adapter.parameters, dtype);
  return formats::write_safetensors(
      folder / "adapter_model.safetensors", saved.specs,
      [&](size_t i, const formats::TensorSink& sink) { return write_one(saved.places[i], dtype, sink); });
}

}  // namespace malmoi::model
