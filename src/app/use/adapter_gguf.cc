#include "app/use/adapter_gguf.h"

#include <cmath>
#include <set>

#include "app/use/adapter_run.h"
#include "app/use/generate.h"
#include "formats/gguf.h"
#include "model/adapter.h"
#include "model/gguf_config.h"
#include "model/gguf_weights.h"
#include "model/layout.h"
#include "model/load.h"
#include "model/train_adapter.h"

namespace malmoi::app {
namespace {

using formats::GgufTensorSpec;

// A tensor to write: f32, in the file's order.
struct Written {
  GgufTensorSpec spec;
  std::vector<float> values;
};

Error not_for_llama(const std::string& what, const Path& adapter) {
  return unsupported(what + ", which llama.cpp does not read in adapters", adapter.string(),
                     "merge it into its model (malmoi adapter merge) and convert that");
}

// The published matrix behind a module.
struct Published {
  const nn::ParameterSet::Entry* entry = nullptr;
  const nn::Source* source = nullptr;
};

Published find_published(const model::Model& model, const std::string& tensor) {
  for (const auto& entry : model.parameters.entries()) {
    for (const nn::Source& source : entry->spec.sources) {
      if (source.name == tensor) return {entry.get(), &source};
    }
  }
  return {};
}

Written to_write(const std::string& name, const nn::ParameterSet::Entry& entry, const nn::Layout& layout) {
  nn::Source source = entry.spec.sources[0];
  source.layout = layout;
  Written tensor{.spec = {.name = name, .type = formats::ggml_type("F32"), .dims = {}},
                 .values = model::copy_out(entry.parameter.master, entry.spec, source)};
  const std::vector<int64_t> shape = model::stored_shape(entry.spec, source);
  tensor.spec.dims = {static_cast<uint64_t>(shape[1]), static_cast<uint64_t>(shape[0])};
  return tensor;
}

class AdapterWriter {
 public:
  AdapterWriter(const model::Model& model, const model::GgufDialect& dialect, const Path& adapter)
      : model_(model), dialect_(dialect), adapter_(adapter), head_dim_(model::head_dim_of(model.config())) {}

  Status add_all() {
    auto entry = model_.adapter->parameters.entries().begin();
    for (const model::AdaptedModule& module : model_.adapter->plan.modules) {
      const auto &a = **entry++, &b = **entry++;
      MALMOI_TRY(add(module, a, b));
    }
    return {};
  }

  Status write(const Path& out) const {
    formats::GgufMetadata metadata;
    metadata.set_text("general.type", "adapter");
    metadata.set_text("general.architecture", dialect_.architecture);
    metadata.set_text("adapter.type", "lora");
    metadata.set_f32("adapter.lora.alpha", static_cast<float>(*alpha_));
    std::vector<GgufTensorSpec> specs;
    for (const Written& tensor : tensors_) specs.push_back(tensor.spec);
    return formats::write_gguf(out, metadata, specs, [&](size_t i, const auto& sink) {
      return sink(std::as_bytes(std::span<const float>(tensors_[i].values)));
    });
  }

 private:
  Status add(const model::AdaptedModule& module, const nn::ParameterSet::Entry& a, const nn::ParameterSet::Entry& b) {
    const Published published = find_published(model_, module.tensor);
    if (!published.entry)
      return not_for_llama("'" + module.module + "' is a head that is the table of words", adapter_);
    MALMOI_TRY(settle_alpha(module));
    const model::GgufPlace place = model::place_of(dialect_, module.tensor);
    if (place.tensor == module.tensor) return not_for_llama("'" + module.module + "' has no name there", adapter_);
    const bool apart = place.change == model::GgufChange::kKeysApart || place.change == model::GgufChange::kGateApart;
    if (place.expert >= 0 || apart || !names_.insert(place.tensor).second)
      return not_for_llama("'" + module.module + "' is no matrix of its own there", adapter_);
    if (published.entry->spec.role == nn::Role::kPositions)  // looked up as they are, without an error
      return not_for_llama("'" + module.module + "' is a table of positions", adapter_);
    const bool table = a.spec.name.ends_with(".lora_embedding_B");
    if (published.entry->spec.role == nn::Role::kEmbedding && !model_.tied_head.tensor.empty())
      return not_for_llama("'" + module.module + "' is the table of words that is the head, too", adapter_);
    if (table) {  // what is looked up stands first, in rows
      tensors_.push_back(to_write(place.tensor + ".lora_a", b, {}));
      tensors_.push_back(to_write(place.tensor + ".lora_b", a, {nn::Layout::kTransposed}));
    } else {
      tensors_.push_back(to_write(place.tensor + ".lora_a", a, {}));
      tensors_.push_back(
          to_write(place.tensor + ".lora_b", b, model::gguf_rows(dialect_, *published.source, head_dim_)));
    }
    if (dialect_.fold) dialect_.fold(model_.config(), module.tensor, tensors_.back().values);
    return {};
  }

  // llama.cpp's scale is alpha / rank, and 1 where alpha is 0.
  Status settle_alpha(const model::AdaptedModule& module) {
    const double alpha = module.scale * static_cast<double>(module.rank);
    constexpr double kApart = 1e-6;
    if (alpha == 0) return not_for_llama("'" + module.module + "' is scaled by 0", adapter_);
    if (alpha_ && std::abs(*alpha_ - alpha) > kApart * std::abs(alpha))
      return not_for_llama(
          "the scales of its modules differ beyond their ranks (alpha_pattern, or rank_pattern with rslora)", adapter_);
    if (!alpha_) alpha_ = alpha;
    return {};
  }

  const model::Model& model_;
  const model::GgufDialect& dialect_;
  const Path& adapter_;
  int64_t head_dim_;
  std::optional<double> alpha_;
  std::vector<Written> tensors_;
  std::set<std::string> names_;
};

}  // namespace

Status export_adapter(const AdapterExport& options, const Job& job) {
  const Path adapter = adapter_at(options.adapter);
  if (options.out.extension() != ".gguf")
    return usage_error("does not end with .gguf", options.out.string(), "give a GGUF file with --out");
  MALMOI_ASSIGN(const Path folder, find_model(options.model, job.message));
  MALMOI_ASSIGN(auto model, model::load_config(folder));
  const model::Family& family = *model::find_family(model->model_type());
  if (!family.gguf)
    return unsupported("llama.cpp's files do not know " + model->model_type(), folder.string(),
                       "use the adapter as it is, or another model");
  MALMOI_ASSIGN(const model::AdapterFile file, model::open_adapter(adapter));
  if (!file.architecture.empty()) return usage_error("is a GGUF file already", adapter.string(), "copy it");
  if (file.config.magnitudes) return not_for_llama("it has magnitudes (DoRA)", adapter);
  if (!file.whole.empty())
    return not_for_llama("tensor '" + file.whole.begin()->second->name + "' takes the place of one of the model's",
                         adapter);
  if (file.config.keeps_tied) return not_for_llama("it adapts words and head as one (ensure_weight_tying)", adapter);
  MALMOI_ASSIGN(model::AdapterPlan plan, model::plan_adapter(*model, file, file.config.base, job.warn));
  model::put_adapter(*model, std::move(plan), {});
  MALMOI_TRY(model::fill_adapter(*model, file));
  AdapterWriter writer(*model, *family.gguf, adapter);
  MALMOI_TRY(writer.add_all());
  return writer.write(options.out);
}

}  // namespace malmoi::app
