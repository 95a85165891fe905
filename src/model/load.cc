#include "model/load.h"

#include <algorithm>
#include <set>

#include "formats/safetensors.h"
#include "formats/tensor_source.h"
#include "model/bind_packed.h"
#include "model/finite.h"
#include "model/gguf_config.h"
#include "model/gguf_weights.h"
#include "model/layout.h"
#include "model/named_tensors.h"
#include "model/python_json.h"
#include "model/spellings.h"
#include "model/stored_values.h"

namespace malmoi::model {
namespace {

using formats::StoredTensor;
using formats::WeightSource;

// Fills the parameters of one model from one source of named tensors.
class Loader {
 public:
  Loader(const WeightSource& source, const GgufWeights* gguf, const Family& family, Model& model,
         const LoadOptions& options)
      : source_(source),
        gguf_(gguf),
        family_(family),
        model_(model),
        options_(options),
        tensors_(source, model),
        where_(tensors_.where()) {}

  void settle_head() {
    const auto untied = tensors_.settle_head();
    if (!untied) return;
    options_.warn("tensor '" + untied->tensor + "' differs from '" + untied->table +
                  "', to which the config ties it: it is kept (" + where_ + ")" +
                  (untied->field.empty() ? "" : "; set " + untied->field + " to false"));
  }

  Status run() {
    auto& entries = model_.parameters.entries();
    for (size_t i = 0; i < entries.size(); ++i) {
      bool may_be_new = options_.task && i >= model_.head_begin,
           absent = !tensors_.find(entries[i]->spec.sources[0].name);
      if (absent && entries[i]->spec.fixed) compute_anew(*entries[i]);
      else if (absent && may_be_new) MALMOI_TRY(start_anew(*entries[i]));
      else MALMOI_TRY(fill(*entries[i]));
      if (options_.filled) MALMOI_TRY(options_.filled(model_, *entries[i]));
    }
    return check_left_over();
  }

  // Binds what the source has packed, without memory.
  Status describe() {
    for (auto& entry : model_.parameters.entries()) {
      std::vector<PackedSource> sources;
      for (const nn::Source& source : entry->spec.sources) {
        if (!tensors_.find_source(*entry, source)) continue;  // loading says so
        MALMOI_ASSIGN(PackedSource found, stored(*entry, source));
        sources.push_back(std::move(found));
      }
      if (sources.size() == entry->spec.sources.size() && can_bind_packed(*entry, sources))
        describe_packed(*entry, sources);
    }
    return {};
  }

 private:
  // GGUF has layouts of its own.
  nn::Source as_it_lies(nn::Source source) const {
    if (gguf_) source.layout = gguf_->layout(source.name);
    return source;
  }

  void compute_anew(nn::ParameterSet::Entry& entry) {
    Parameter& p = entry.parameter;
    if (!p.compute.data()) p.compute = Tensor::zeros(model_.parameters.compute_type(p), entry.spec.shape);
    model_.parameters.initialize(entry, options_.seed);
  }

  Status start_anew(nn::ParameterSet::Entry& entry) {
    if (options_.purpose == Purpose::kServing && !options_.new_head)
      return invalid_data("tensor '" + entry.spec.sources[0].name + "' is missing", where_,
                          "the folder has no weights for this use; train them first");
    if (options_.purpose == Purpose::kServing) memory_of(entry.parameter, entry.spec);
    model_.parameters.initialize(entry, options_.seed);
    return {};
  }

  // The tensor of a source, of the shape that it must have.
  Result<PackedSource> stored(const nn::ParameterSet::Entry& entry, const nn::Source& source) {
    PackedSource found{as_it_lies(source), nullptr};
    MALMOI_ASSIGN(found.tensor, tensors_.filling(entry, found.source));
    used_.insert(found.tensor);
    return found;
  }

  Status fill(nn::ParameterSet::Entry& entry) {
    std::vector<PackedSource> sources;
    for (const nn::Source& source : entry.spec.sources) {
      MALMOI_ASSIGN(PackedSource found, stored(entry, source));
      sources.push_back(std::move(found));
    }
    if (options_.purpose == Purpose::kServing && options_.keep_packed && can_bind_packed(entry, sources))
      return bind_packed(entry, sources, packed_memory_, where_);
    for (const PackedSource& found : sources) MALMOI_TRY(fill(entry, found.source, *found.tensor));
    return {};
  }

  Status fill(nn::ParameterSet::Entry& entry, const nn::Source& source, const StoredTensor& tensor) {
    Parameter& p = entry.parameter;
    if (tensor.packed.empty()) {
      MALMOI_ASSIGN(const DType type, element_dtype(tensor, where_));
      if (!map(entry, source, tensor, type)) {
        copy_in(tensor.bytes, type, entry.spec, source, memory_of(p, entry.spec));
        if (is_mapped_) let_go(tensor.bytes);                                      // they stand twice otherwise
        if (!p.master && !gguf_) entry.originals.push_back({tensor.bytes, type});  // what is saved lies as published
      }
    } else {
      MALMOI_ASSIGN(const std::vector<float> values, stored_values(tensor, where_));
      copy_in(std::as_bytes(std::span(values)), DType::kF32, entry.spec, source, memory_of(p, entry.spec));
    }
    return check_finite(p.master ? p.master : p.compute, entry.spec, source, tensor.name, where_);
  }

  // Of what is served, taken when it is first filled.
  Tensor& memory_of(Parameter& p, const nn::ParameterSpec& spec) {
    if (!p.master && !p.compute.data()) p.compute = Tensor::zeros(model_.parameters.compute_type(p), spec.shape);
    return p.master ? p.master : p.compute;
  }

  // Served from the map: the pages are shared with every process that serves this file.
  bool map(nn::ParameterSet::Entry& entry, const nn::Source& source, const StoredTensor& tensor, DType type) {
    Parameter& p = entry.parameter;
    bool in_place = !p.master && entry.spec.sources.size() == 1 && lies_as_ours(entry.spec, source) &&
                    type == model_.parameters.compute_type(p) &&
                    reinterpret_cast<uintptr_t>(tensor.bytes.data()) % dtype_size(type) == 0;
    if (in_place) p.compute = Tensor::view(const_cast<std::byte*>(tensor.bytes.data()), type, entry.spec.shape);
    return in_place;
  }

  Status check_left_over() {
    for (const StoredTensor& tensor : source_.tensors()) {
      if (used_.contains(&tensor)) continue;
      if (is_carried(family_, model_, tensor.name)) model_.carried.push_back(tensor);
      if (may_be_left(family_, model_, tensor.name) || is_head_of_gguf(tensor.name)) continue;
      return invalid_data("tensor '" + tensor.name + "' belongs to nothing in this model", where_,
                          "config.json and weights do not belong together");
    }
    return {};
  }

  // One that is not in use, as GGUF calls it.
  bool is_head_of_gguf(const std::string& name) const {
    return gguf_ && std::ranges::any_of(family_.head_prefixes, [&](std::string_view prefix) {
             return name.starts_with(place_of(*family_.gguf, std::string(prefix)).tensor);
           });
  }

  const WeightSource& source_;
  const GgufWeights* gguf_;  // the same source, where it is one
  const Family& family_;
  Model& model_;
  const LoadOptions& options_;
  NamedTensors tensors_;
  std::string where_;
  const bool is_mapped_ = dynamic_cast<const formats::Safetensors*>(&source_) != nullptr;
  std::set<const StoredTensor*> used_;
  PackedMemory packed_memory_{model_};
};

constexpr uint64_t kLargestConfig = 64 << 20;

Result<std::unique_ptr<Model>> model_of(const formats::Gguf& file, const MakeOptions& options) {
  MALMOI_ASSIGN(const Family* family, family_of(file));
  MALMOI_ASSIGN(ConfigDocument document, config_of(file, *family));
  auto model = make_model(document, document.root, options);
  if (model.ok() || model.error().code != ErrorCode::kUsage) return model;
  Error error = model.error();  // nobody wrote these values by hand
  error.code = ErrorCode::kInvalidData;
  return error;
}

// A model without memory and what fills it.
struct Opened {
  std::unique_ptr<Model> model;
  std::shared_ptr<WeightSource> source;
  const GgufWeights* gguf = nullptr;  // the source, where it is one
};

Result<Opened> open_model(const Path& path, const MakeOptions& options) {
  Opened opened;
  if (!is_gguf(path)) {
    MALMOI_ASSIGN(opened.model, load_config(path, options.task, options.labels));
    MALMOI_ASSIGN(opened.source, formats::open_weights(path));
    return opened;
  }
  MALMOI_ASSIGN(formats::Gguf mapped, formats::Gguf::open(path));
  auto file = std::make_shared<const formats::Gguf>(std::move(mapped));
  MALMOI_ASSIGN(opened.model, model_of(*file, options));
  const GgufDialect& dialect = *find_family(opened.model->model_type())->gguf;
  MALMOI_ASSIGN(GgufWeights weights, GgufWeights::open(std::move(file), dialect, opened.model->parameters));
  auto source = std::make_shared<GgufWeights>(std::move(weights));
  opened.gguf = source.get();
  opened.source = std::move(source);
  return opened;
}

}  // namespace

Result<std::unique_ptr<Model>> load_config(const Path& path, std::optional<Task> task,
                                           std::vector<std::string> labels) {
  const MakeOptions options{.task = task, .labels = std::move(labels)};
  if (is_gguf(path)) {
    MALMOI_ASSIGN(formats::Gguf file, formats::Gguf::open(path));
    return model_of(file, options);
  }
  std::error_code ignored;
  Path config = std::filesystem::is_directory(path, ignored) ? path / "config.json" : path;
  ConfigDocument document;
  MALMOI_ASSIGN(std::string text, read_file(config, kLargestConfig));
  MALMOI_ASSIGN(document.root, parse_json(without_python_numbers(std::move(text)), config.string()));
  document.file = config.string();
  if (!document.root.is_object()) return invalid_data("is not a JSON object", config.string());
  return make_model(document, document.root, options);
}

Result<std::unique_ptr<Model>> describe_weights(const Path& path, const LoadOptions& options) {
  MALMOI_ASSIGN(Opened opened, open_model(path, {.task = options.task, .labels = options.labels}));
  Model& model = *opened.model;
  Loader loader(*opened.source, opened.gguf, *find_family(model.model_type()), model, options);
  loader.settle_head();
  MALMOI_TRY(loader.describe());
  return std::move(opened.model);
}

Result<std::unique_ptr<Model>> load_model(const Path& path, const LoadOptions& options) {
  if (!malmoi::exists(path))
    return not_found("there is no model", path.string(), "give a folder with config.json and model.safetensors");
  MALMOI_ASSIGN(Opened opened, open_model(path, {.task = options.task, .labels = options.labels}));
  Model& model = *opened.model;
  Loader loader(*opened.source, opened.gguf, *find_family(model.model_type()), model, options);
  loader.settle_head();
  for (auto& entry : model.parameters.entries())
    entry->parameter.trainable =
        options.purpose == Purpose::kTraining && !entry->spec.fixed && !(options.frozen && options.frozen(entry->spec));
  // What is served takes memory tensor by tensor, since most of it stays in the map.
  model.parameters.allocate(options.purpose == Purpose::kServing ? Purpose::kRehearsal : options.purpose,
                            options.dtype);
  MALMOI_TRY(loader.run());
  model.parameters.refresh_compute();
  model.keep_files(opened.source);
  return std::move(opened.model);
}

}  // namespace malmoi::model
