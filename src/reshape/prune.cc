#include "reshape/prune.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json_read.h"
#include "formats/safetensors.h"
#include "model/layer_names.h"
#include "reshape/gather.h"

namespace malmoi::reshape {
namespace {

// What the rows and columns of a tensor count.
enum class Axis : uint8_t { kWhole, kHidden, kHeads, kInner };

struct TensorAxes {
  std::string_view name;  // what a tensor's name ends with
  Axis rows, columns = Axis::kWhole;
};
constexpr TensorAxes kAxes[] = {
    {".self_attn.q_proj.weight", Axis::kHeads, Axis::kHidden},
    {".self_attn.q_proj.bias", Axis::kHeads},
    {".self_attn.k_proj.weight", Axis::kWhole, Axis::kHidden},
    {".self_attn.k_proj.bias", Axis::kWhole},
    {".self_attn.v_proj.weight", Axis::kWhole, Axis::kHidden},
    {".self_attn.v_proj.bias", Axis::kWhole},
    {".self_attn.o_proj.weight", Axis::kHidden, Axis::kHeads},
    {".self_attn.o_proj.bias", Axis::kHidden},
    {".self_attn.q_norm.weight", Axis::kWhole},
    {".self_attn.k_norm.weight", Axis::kWhole},
    {".mlp.gate_proj.weight", Axis::kInner, Axis::kHidden},
    {".mlp.gate_proj.bias", Axis::kInner},
    {".mlp.up_proj.weight", Axis::kInner, Axis::kHidden},
    {".mlp.up_proj.bias", Axis::kInner},
    {".mlp.down_proj.weight", Axis::kHidden, Axis::kInner},
    {".mlp.down_proj.bias", Axis::kHidden},
    {".input_layernorm.weight", Axis::kHidden},
    {".post_attention_layernorm.weight", Axis::kHidden},
    {"model.embed_tokens.weight", Axis::kWhole, Axis::kHidden},
    {"lm_head.weight", Axis::kWhole, Axis::kHidden},
    {"model.norm.weight", Axis::kHidden},
};

const TensorAxes* axes_of(std::string_view name) {
  const auto layer = model::layer_of(name);
  const auto* found = std::ranges::find(kAxes, layer ? layer->rest : name, &TensorAxes::name);
  return found == std::end(kAxes) ? nullptr : found;
}

class PrunedFolder {
 public:
  PrunedFolder(const model::FolderTensors& folder, const PruneChoice& choice) : folder_(folder), choice_(choice) {
    const int64_t head_dim = json_count(folder.model->config(), "head_dim").value_or(1);
    for (const auto& heads : choice.heads) {
      auto& rows = head_rows_.emplace_back();
      for (int64_t head : heads)
        for (int64_t i = 0; i < head_dim; ++i) rows.push_back(head * head_dim + i);
    }
  }

  Status plan() {
    for (const model::FolderTensor& tensor : folder_.tensors) {
      const TensorAxes* axes = axes_of(tensor.name);
      if (!axes)
        return unsupported("what tensor '" + tensor.name + "' counts is not known", folder_.folder.string(),
                           "prune a model without it");
      const auto layer = model::layer_of(tensor.name);
      const int64_t from = layer ? layer->layer : 0;
      std::string name = tensor.name;
      if (layer) {
        const auto kept = std::ranges::find(choice_.layers, from);
        if (kept == choice_.layers.end()) continue;
        name = layer->with_layer(kept - choice_.layers.begin());
      }
      const Kept rows = kept(axes->rows, from, tensor.stored->shape[0]);
      const Kept columns =
          tensor.stored->shape.size() > 1 ? kept(axes->columns, from, tensor.stored->shape[1]) : nullptr;
      specs.push_back({std::move(name), tensor.stored->type, gathered_shape(*tensor.stored, rows, columns)});
      parts_.push_back({tensor.stored, rows, columns});
    }
    return {};
  }

  Status write(size_t i, const formats::TensorSink& sink) const {
    return gather(*parts_[i].stored, parts_[i].rows, parts_[i].columns, sink);
  }

  Result<Json> config() const {
    const Json& before = folder_.model->config();
    Json config = before;
    std::vector<model::LayerChoice> layers;
    for (int64_t layer : choice_.layers) layers.push_back({&before, layer});
    MALMOI_TRY(model::set_layers(config, folder_.model->num_layers(), layers));
    config["hidden_size"] = choice_.hidden.size();
    config["intermediate_size"] = choice_.intermediate[0].size();
    config["num_attention_heads"] = choice_.heads[0].size();
    model::set_stored_type(config, folder_.tensors.front().stored->type);
    return config;
  }

  std::vector<formats::TensorSpec> specs;

 private:
  struct Part {
    const formats::StoredTensor* stored;
    Kept rows, columns;
  };

  // Null where all `count` stay.
  Kept kept(Axis axis, int64_t layer, int64_t count) const {
    const auto at = static_cast<size_t>(layer);
    const Kept places = axis == Axis::kHidden  ? &choice_.hidden
                        : axis == Axis::kHeads ? &head_rows_[at]
                        : axis == Axis::kInner ? &choice_.intermediate[at]
                                               : nullptr;
    return places && static_cast<int64_t>(places->size()) < count ? places : nullptr;
  }

  const model::FolderTensors& folder_;
  const PruneChoice& choice_;
  std::vector<std::vector<int64_t>> head_rows_;  // of each layer
  std::vector<Part> parts_;
};

}  // namespace

Result<uint64_t> write_pruned(const model::FolderTensors& folder, const PruneChoice& choice, const Path& out,
                              const Job& job) {
  PrunedFolder pruned(folder, choice);
  MALMOI_TRY(pruned.plan());
  MALMOI_ASSIGN(const Json config, pruned.config());
  uint64_t parameters = 0;
  for (const auto& spec : pruned.specs) parameters += static_cast<uint64_t>(*formats::element_count(spec.shape));
  size_t done = 0;
  MALMOI_TRY(
      formats::write_safetensors_folder(out, pruned.specs, [&](size_t i, const formats::TensorSink& sink) -> Status {
        MALMOI_TRY(job.stop.check());
        if (job.progress.due()) job.progress(fmt::format("{} of {} tensors", done, pruned.specs.size()));
        ++done;
        return pruned.write(i, sink);
      }));
  MALMOI_TRY(folder.weights->check_files());
  MALMOI_TRY(write_file(out / "config.json", dump_json(config, 2) + "\n"));
  return parameters;
}

}  // namespace malmoi::reshape
