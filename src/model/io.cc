#include "model/io.h"

#include <cmath>
#include <cstring>
#include <map>
#include <set>

#include "formats/element_type.h"
#include "formats/safetensors.h"
#include "model/registry.h"

namespace malmoi::model {
namespace {

using formats::ElementType;

Result<DType> float_type(const formats::TensorView& tensor, const std::string& where) {
  switch (tensor.type) {
    case ElementType::kF32: return DType::kF32;
    case ElementType::kBF16: return DType::kBF16;
    case ElementType::kF16: return DType::kF16;
    case ElementType::kF64: return DType::kF64;
    default:
      return unsupported("tensor '" + tensor.name + "' has a type that is no floating type", where,
                         "use f32, bf16 or f16 weights");
  }
}

// Older files leave out the base model's prefix, or have it where newer ones do not.
const formats::TensorView* find_tensor(const formats::Safetensors& file, const std::string& name) {
  if (const auto* found = file.find(name)) return found;
  for (std::string_view prefix : {"transformer.", "model."}) {
    if (name.starts_with(prefix)) {
      if (const auto* found = file.find(name.substr(prefix.size()))) return found;
    }
  }
  return nullptr;
}

// Buffers that some versions saved beside the weights; they are computed, not learned.
bool is_buffer(std::string_view name) {
  return name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias") || name.ends_with("rotary_emb.inv_freq");
}

bool same_shape(const std::vector<int64_t>& shape, const ParameterSpec& spec, int64_t rows) {
  if (spec.shape.rank() == 1) return shape == std::vector<int64_t>{rows};
  int64_t cols = spec.shape[1];
  return spec.transposed ? shape == std::vector<int64_t>{cols, rows} : shape == std::vector<int64_t>{rows, cols};
}

// Copies one published tensor into its rows of a parameter's array, turning and converting.
void copy_in(const formats::TensorView& from, DType from_type, const ParameterSpec& spec, const ParameterSource& source,
             Tensor& to) {
  int64_t cols = spec.shape.rank() == 1 ? 1 : spec.shape[1];
  size_t element = dtype_size(to.dtype()), from_element = dtype_size(from_type);
  auto* target = static_cast<std::byte*>(to.data()) + static_cast<size_t>(source.row_begin * cols) * element;
  if (!spec.transposed || spec.shape.rank() == 1) {
    convert(from.bytes.data(), from_type, target, to.dtype(), static_cast<size_t>(source.rows * cols));
    return;
  }
  std::vector<std::byte> line(static_cast<size_t>(source.rows) * element);
  for (int64_t c = 0; c < cols; ++c) {  // a line of the file is a column of ours
    convert(from.bytes.data() + static_cast<size_t>(c * source.rows) * from_element, from_type, line.data(), to.dtype(),
            static_cast<size_t>(source.rows));
    for (int64_t r = 0; r < source.rows; ++r)
      std::memcpy(target + static_cast<size_t>(r * cols + c) * element, line.data() + static_cast<size_t>(r) * element,
                  element);
  }
}

Status check_finite(const Tensor& t, const std::string& name, const std::string& where) {
  for (int64_t i = 0; i < t.elements(); ++i) {
    float x = t.dtype() == DType::kF32 ? t.as<float>()[i] : to_float(t.as<BF16>()[i]);
    if (!std::isfinite(x))
      return invalid_data("tensor '" + name + "' holds a value that is not finite (element " + std::to_string(i) + ")",
                          where, "the file is damaged or its training diverged; use another checkpoint");
  }
  return {};
}

Status load_parameter(const formats::Safetensors& file, const ParameterSpec& spec, Parameter& parameter,
                      Purpose purpose, std::set<const formats::TensorView*>& used, const std::string& where) {
  for (const ParameterSource& source : spec.sources) {
    const formats::TensorView* tensor = find_tensor(file, source.name);
    if (!tensor)
      return invalid_data("tensor '" + source.name + "' is missing", where, "the folder is not whole; fetch it again");
    used.insert(tensor);
    if (!same_shape(tensor->shape, spec, source.rows))
      return invalid_data("tensor '" + source.name + "' has shape " + formats::shape_text(tensor->shape) +
                              ", the config asks for " + std::to_string(source.rows) + " rows of " +
                              spec.shape.to_string(),
                          where, "config.json and weights do not belong together");
    MALMOI_ASSIGN(DType type, float_type(*tensor, where));
    bool in_place = purpose == Purpose::kServing && spec.sources.size() == 1 &&
                    !(spec.transposed && spec.shape.rank() == 2) &&
                    type == (spec.shape.rank() == 1 ? DType::kF32 : parameter.compute.dtype()) &&
                    reinterpret_cast<uintptr_t>(tensor->bytes.data()) % dtype_size(type) == 0;
    if (in_place) {
      // Served from the map: the pages are shared with every process that serves this file.
      parameter.compute = Tensor::view(const_cast<std::byte*>(tensor->bytes.data()), type, spec.shape);
    } else {
      if (purpose == Purpose::kServing && !parameter.compute.data())
        parameter.compute = Tensor::zeros(parameter.compute.dtype(), spec.shape);
      copy_in(*tensor, type, spec, source, purpose == Purpose::kTraining ? parameter.master : parameter.compute);
    }
  }
  return check_finite(purpose == Purpose::kTraining ? parameter.master : parameter.compute, spec.name, where);
}

}  // namespace

Result<std::unique_ptr<Model>> load_config(const Path& folder_or_file) {
  Path path = std::filesystem::is_directory(folder_or_file) ? folder_or_file / "config.json" : folder_or_file;
  MALMOI_ASSIGN(Json json, read_json(path.string(), 64 << 20));
  ConfigDocument document;
  document.file = path.string();
  document.root = std::move(json);
  if (!document.root.is_object()) return invalid_data("is no JSON object", path.string());
  return make_model(document, document.root);
}

Result<std::unique_ptr<Model>> load_model(const Path& folder, const LoadOptions& options) {
  if (!std::filesystem::exists(folder))
    return not_found("there is no model", folder.string(), "give a folder with config.json and model.safetensors");
  MALMOI_ASSIGN(std::unique_ptr<Model> model, load_config(folder));
  MALMOI_ASSIGN(formats::Safetensors opened, formats::Safetensors::open_folder(folder));
  auto file = std::make_shared<formats::Safetensors>(std::move(opened));
  std::string where = file->path().string();
  // Serving takes memory tensor by tensor, since most stay in the map.
  model->allocate(options.purpose == Purpose::kServing ? Purpose::kRehearsal : options.purpose, options.dtype);
  std::set<const formats::TensorView*> used;
  for (size_t i = 0; i < model->specs().size(); ++i)
    MALMOI_TRY(load_parameter(*file, model->specs()[i], *model->parameters()[i], options.purpose, used, where));
  for (const formats::TensorView& tensor : file->tensors()) {
    // A tied head may be stored a second time.
    if (used.contains(&tensor) || is_buffer(tensor.name) || tensor.name == "lm_head.weight") continue;
    return invalid_data("tensor '" + tensor.name + "' belongs to nothing in this model", where,
                        "config.json and weights do not belong together");
  }
  if (options.purpose == Purpose::kTraining) model->refresh_compute();
  model->keep(file);
  return model;
}

std::vector<PublishedTensor> publish(const ParameterSpec& spec, const Tensor& values) {
  std::vector<PublishedTensor> list;
  int64_t cols = spec.shape.rank() == 1 ? 1 : spec.shape[1];
  for (const ParameterSource& source : spec.sources) {
    PublishedTensor out;
    out.name = source.name;
    out.values.resize(static_cast<size_t>(source.rows * cols));
    auto* from = static_cast<const std::byte*>(values.data()) +
                 static_cast<size_t>(source.row_begin * cols) * dtype_size(values.dtype());
    convert(from, values.dtype(), out.values.data(), DType::kF32, out.values.size());
    if (spec.shape.rank() == 1) {
      out.shape = {source.rows};
    } else if (!spec.transposed) {
      out.shape = {source.rows, cols};
    } else {
      out.shape = {cols, source.rows};
      std::vector<float> turned(out.values.size());
      for (int64_t r = 0; r < source.rows; ++r)
        for (int64_t c = 0; c < cols; ++c)
          turned[static_cast<size_t>(c * source.rows + r)] = out.values[static_cast<size_t>(r * cols + c)];
      out.values = std::move(turned);
    }
    list.push_back(std::move(out));
  }
  return list;
}

namespace {

Json generation_config(const Json& config) {
  Json json = {{"_from_model_config", true}};
  for (const char* key : {"bos_token_id", "eos_token_id", "pad_token_id"}) {
    if (config.contains(key) && !config[key].is_null()) json[key] = config[key];
  }
  return json;
}

}  // namespace

Status save_model(const Model& model, const Path& folder, DType dtype) {
  MALMOI_TRY(make_folder(folder));
  Json config = model.config();
  config["torch_dtype"] = dtype == DType::kBF16 ? "bfloat16" : dtype == DType::kF16 ? "float16" : "float32";
  config["dtype"] = config["torch_dtype"];
  MALMOI_TRY(write_file(folder / "config.json", dump_json(config, 2) + "\n"));
  MALMOI_TRY(write_file(folder / "generation_config.json", dump_json(generation_config(config), 2) + "\n"));
  ElementType type = dtype == DType::kBF16  ? ElementType::kBF16
                     : dtype == DType::kF16 ? ElementType::kF16
                                            : ElementType::kF32;
  std::vector<formats::TensorSpec> specs;
  std::vector<std::pair<size_t, size_t>> place;  // of each tensor: parameter, source
  for (size_t i = 0; i < model.specs().size(); ++i) {
    const ParameterSpec& spec = model.specs()[i];
    for (size_t j = 0; j < spec.sources.size(); ++j) {
      std::vector<int64_t> shape{spec.sources[j].rows};
      if (spec.shape.rank() == 2) shape.push_back(spec.shape[1]);
      if (spec.transposed && shape.size() == 2) std::swap(shape[0], shape[1]);
      specs.push_back({spec.sources[j].name, type, shape});
      place.emplace_back(i, j);
    }
  }
  auto source = [&](size_t index, const formats::TensorSink& sink) -> Status {
    auto [i, j] = place[index];
    const Parameter& p = *model.parameters()[i];
    ParameterSpec one = model.specs()[i];
    one.sources = {one.sources[j]};
    if (p.master && dtype == DType::kF32 && !(one.transposed && one.shape.rank() == 2)) {  // as it lies in memory
      size_t row = p.master.bytes() / static_cast<size_t>(one.shape[0]);
      return sink({static_cast<const std::byte*>(p.master.data()) + static_cast<size_t>(one.sources[0].row_begin) * row,
                   static_cast<size_t>(one.sources[0].rows) * row});
    }
    PublishedTensor tensor = std::move(publish(one, p.master ? p.master : p.compute)[0]);
    std::vector<std::byte> bytes(tensor.values.size() * dtype_size(dtype));
    convert(tensor.values.data(), DType::kF32, bytes.data(), dtype, tensor.values.size());
    return sink(bytes);
  };
  return formats::write_safetensors_folder(folder, specs, source);
}

}  // namespace malmoi::model
