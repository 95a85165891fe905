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

Status write_one(const SavedPlace& place, DType dtype, const formats::TensorSink& sink) {
  const Parameter& p = place.entry->parameter;
  const nn::ParameterSpec& spec = place.entry->spec;
  const nn::Source& source = spec.sources[place.source];
  auto converted = [&](const void* values, DType type) {
    std::vector<std::byte> bytes(static_cast<size_t>(source.rows * columns_of(spec)) * dtype_size(dtype));
    convert(values, type, bytes.data(), dtype, bytes.size() / dtype_size(dtype));
    return sink(bytes);
  };
  if (place.source < place.entry->originals.size()) {  // what products read may be rounded
    const nn::ParameterSet::Original& original = place.entry->originals[place.source];
    return converted(original.bytes.data(), original.type);
  }
  if (p.master && dtype == DType::kF32 && lies_as_ours(spec, source)) {  // as it lies in memory
    size_t row = p.master.bytes() / static_cast<size_t>(spec.shape.rank() == 1 ? spec.shape[0] : spec.shape.rows());
    return sink({static_cast<const std::byte*>(p.master.data()) + static_cast<size_t>(source.row_begin) * row,
                 static_cast<size_t>(source.rows) * row});
  }
  return converted(copy_out(p.master ? p.master : p.compute, spec, source).data(), DType::kF32);
}

Status write_carried(const formats::StoredTensor& tensor, DType dtype, const formats::TensorSink& sink) {
  MALMOI_ASSIGN(const std::vector<float> values, stored_values(tensor, tensor.name));
  std::vector<std::byte> bytes(values.size() * dtype_size(dtype));
  convert(values.data(), DType::kF32, bytes.data(), dtype, values.size());
  return sink(bytes);
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
  std::vector<formats::TensorSpec> specs;
  std::vector<SavedPlace> places;
  const Family& family = *find_family(model.model_type());
  for (const auto& entry : model.parameters.entries()) {
    for (size_t i = 0; i < entry->spec.sources.size(); ++i) {
      const nn::Source& source = entry->spec.sources[i];
      specs.push_back({saved_name(family, model, source.name), element_type(dtype), stored_shape(entry->spec, source)});
      places.push_back({entry.get(), i});
    }
  }
  for (const formats::StoredTensor& tensor : model.carried)
    specs.push_back({saved_name(family, model, tensor.name), element_type(dtype), tensor.shape});
  return formats::write_safetensors_folder(folder, specs, [&](size_t i, const formats::TensorSink& sink) {
    return i < places.size() ? write_one(places[i], dtype, sink)
                             : write_carried(model.carried[i - places.size()], dtype, sink);
  });
}

}  // namespace malmoi::model
