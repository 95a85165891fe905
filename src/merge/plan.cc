#include "merge/plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "merge/lookup.h"
#include "model/layer_names.h"
#include "model/layout.h"
#include "model/registry.h"

namespace malmoi::merge {
namespace {

using formats::ElementType;
using model::FolderTensor;
using model::FolderTensors;

ElementType written_type(const Recipe& recipe, ElementType stored) {
  const auto asked = recipe.out_dtype ? recipe.out_dtype : recipe.dtype;
  if (asked)
    return *asked == DType::kBF16 ? ElementType::kBF16 : *asked == DType::kF16 ? ElementType::kF16 : ElementType::kF32;
  return stored == ElementType::kBF16 || stored == ElementType::kF16 ? stored : ElementType::kF32;
}

class Planner {
 public:
  Planner(const Recipe& recipe, std::span<const FolderTensors> folders, uint64_t seed)
      : recipe_(recipe), folders_(folders), names_(recipe.models()), seed_(seed) {}

  Result<Plan> plan() {
    MALMOI_TRY(check_families());
    MALMOI_TRY(divide());
    if (!recipe_.whole_models) MALMOI_TRY(check_ranges());
    for (const FolderTensor* tensor : before_) MALMOI_TRY(add_outside(*tensor, recipe_.slices.front()));
    if (recipe_.whole_models) MALMOI_TRY(add_all_layers());
    else MALMOI_TRY(add_slices());
    for (const FolderTensor* tensor : after_) MALMOI_TRY(add_outside(*tensor, recipe_.slices.back()));
    MALMOI_TRY(add_head());
    MALMOI_TRY(settle_config());
    MALMOI_TRY(check_config());
    return std::move(plan_);
  }

 private:
  const FolderTensors& donor() const { return folders_[0]; }
  const FolderTensors& folder_of(const RecipeSource& source) const {
    return folders_[static_cast<size_t>(std::ranges::find(names_, source.model) - names_.begin())];
  }

  Status check_families() {
    for (const FolderTensors& folder : folders_) {
      if (folder.model->model_type() != donor().model->model_type())
        return usage_error("is a " + folder.model->model_type() + ", '" + donor().folder.string() + "' a " +
                               donor().model->model_type(),
                           folder.folder.string(), "models are merged within one family");
    }
    return {};
  }

  // What stands before the layers, in them, and behind.
  Status divide() {
    std::set<std::string> stacks;
    for (const FolderTensor& tensor : donor().tensors) {
      const auto layer = model::layer_of(tensor.name);
      if (layer) stacks.emplace(layer->stack);
      else (stacks.empty() ? before_ : after_).push_back(&tensor);
    }
    if (recipe_.whole_models || stacks.size() == 1) return {};
    return unsupported(
        "the model has " + std::to_string(stacks.size()) + " stacks of layers, of which slices speak of one",
        recipe_.where, "use models in place of slices");
  }

  Status check_ranges() {
    for (const RecipeSlice& slice : recipe_.slices) {
      const int64_t length = slice.sources[0].layers->second - slice.sources[0].layers->first;
      for (const RecipeSource& source : slice.sources) {
        const auto [first, end] = *source.layers;
        const int64_t there = folder_of(source).model->num_layers();
        if (end > there)
          return usage_error(
              "'" + source.model + "' has " + std::to_string(there) + " layers, not " + std::to_string(end),
              recipe_.where, "change layer_range");
        if (end - first != length)
          return usage_error("the sources of a slice have different numbers of layers", recipe_.where,
                             "change layer_range");
      }
    }
    return {};
  }

  Status add_outside(const FolderTensor& tensor, const RecipeSlice& slice) {
    return add(slice, tensor.name, 0, [&](const RecipeSource&) { return tensor.name; });
  }

  // Every stack has its own depth.
  Status add_all_layers() {
    std::map<std::string, int64_t, std::less<>> last;
    for (const FolderTensor& tensor : donor().tensors) {
      if (const auto layer = model::layer_of(tensor.name))
        last[std::string(layer->stack)] = std::max(last[std::string(layer->stack)], layer->layer);
    }
    for (const FolderTensor& tensor : donor().tensors) {
      const auto layer = model::layer_of(tensor.name);
      if (!layer) continue;
      const auto end = static_cast<double>(last.find(layer->stack)->second);
      const double depth = end > 0 ? static_cast<double>(layer->layer) / end : 1;
      MALMOI_TRY(add(recipe_.slices[0], tensor.name, depth, [&](const RecipeSource&) { return tensor.name; }));
    }
    return {};
  }

  Status add_slices() {
    for (const RecipeSlice& slice : recipe_.slices) {
      const FolderTensors& first = folder_of(slice.sources[0]);
      const auto [begin, end] = *slice.sources[0].layers;
      for (int64_t layer = begin; layer < end; ++layer) {
        const double depth =
            end - begin > 1 ? static_cast<double>(layer - begin) / static_cast<double>(end - begin - 1) : 1;
        for (const FolderTensor& tensor : first.tensors) {
          const auto name = model::layer_of(tensor.name);
          if (!name || name->layer != layer) continue;
          MALMOI_TRY(
              add(slice, name->with_layer(static_cast<int64_t>(layers_.size())), depth,
                  [&](const RecipeSource& source) { return name->with_layer(source.layers->first + layer - begin); }));
        }
        layers_.push_back({&first.model->config(), layer});
      }
    }
    return {};
  }

  // The head of a model that ties it is its table of words. One that no model has apart stays tied.
  Status add_head() {
    const RecipeSlice& slice = recipe_.slices.back();
    auto is_head = [](const FolderTensor& tensor) { return tensor.by_token && tensor.role == nn::Role::kHead; };
    if (std::ranges::any_of(donor().tensors, is_head)) return {};  // it is among those behind the layers
    for (const RecipeSource& source : slice.sources) {
      const auto& tensors = folder_of(source).tensors;
      const auto head = std::ranges::find_if(tensors, is_head);
      if (head == tensors.end()) continue;
      untied_ = true;
      return add_outside(*head, slice);
    }
    return {};
  }

  static const FolderTensor* tensor_of(const FolderTensors& folder, const std::string& name) {
    if (const FolderTensor* found = folder.find(name)) return found;
    const auto& tied = folder.model->tied_head;
    if (tied.tensor != name) return nullptr;
    const auto words = std::ranges::find_if(
        folder.tensors, [](const FolderTensor& t) { return t.by_token && t.role == nn::Role::kEmbedding; });
    return words == folder.tensors.end() ? nullptr : &*words;
  }

  template <typename NameIn>
  Status add(const RecipeSlice& slice, const std::string& name, double depth, const NameIn& name_in) {
    PlannedTensor planned;
    Ingredients& all = planned.ingredients;
    all.name = name;
    all.seed = seed_;
    const Lookup lookup(recipe_, slice, depth);
    MALMOI_TRY(lookup.fill(all));
    const std::string base = slice.base.empty() ? recipe_.base : slice.base;
    for (const RecipeSource& source : slice.sources) {
      const FolderTensors& folder = folder_of(source);
      const FolderTensor* tensor = tensor_of(folder, name_in(source));
      if (!tensor)
        return invalid_data("tensor '" + name_in(source) + "' is missing", folder.folder.string(),
                            "the models do not have the same layers");
      MALMOI_TRY(check_shape(planned, *tensor, source));
      if (planned.inputs.empty()) {
        all.shape = tensor->stored->shape;
        planned.by_token = tensor->by_token;
      }
      const bool is_base = source.model == base;
      if (is_base) all.base = planned.inputs.size();
      MALMOI_ASSIGN(Input input, lookup.input(source, name_in(source), is_base));
      all.inputs.push_back(std::move(input));
      planned.inputs.push_back({static_cast<size_t>(&folder - folders_.data()), tensor->stored});
    }
    MALMOI_TRY(lookup.check_inputs(all));
    planned.type = written_type(recipe_, planned.inputs[all.base.value_or(0)].stored->type);
    plan_.tensors.push_back(std::move(planned));
    return {};
  }

  Status check_shape(const PlannedTensor& planned, const FolderTensor& tensor, const RecipeSource& source) const {
    if (planned.inputs.empty() || tensor.stored->shape == planned.ingredients.shape) return {};
    const bool same_width =
        planned.by_token && tensor.stored->shape.size() == planned.ingredients.shape.size() &&
        std::equal(tensor.stored->shape.begin() + 1, tensor.stored->shape.end(), planned.ingredients.shape.begin() + 1);
    if (same_width && !recipe_.tokenizer.empty()) return {};
    return invalid_data("tensor '" + tensor.name + "' has shape " + formats::shape_text(tensor.stored->shape) +
                            ", that of '" + names_[planned.inputs[0].model] + "' " +
                            formats::shape_text(planned.ingredients.shape),
                        source.model,
                        same_width ? "the vocabularies differ: say tokenizer: {source: base}"
                                   : "models of different sizes cannot be merged");
  }

  Status settle_config() {
    const model::Model& first = *donor().model;
    plan_.config = first.config();
    if (!recipe_.whole_models) MALMOI_TRY(model::set_layers(plan_.config, first.num_layers(), layers_));
    const std::string field = first.tied_head.field.empty() ? "tie_word_embeddings" : first.tied_head.field;
    const bool tied = !first.tied_head.tensor.empty() && !untied_;
    if (plan_.config.contains(field)) plan_.config[field] = tied;
    const auto words = std::ranges::find_if(plan_.tensors, &PlannedTensor::by_token);
    model::set_stored_type(plan_.config, (words == plan_.tensors.end() ? plan_.tensors.front() : *words).type);
    return {};
  }

  // Rows of another vocabulary come when they are read.
  bool fits(const PlannedTensor& planned, const std::vector<int64_t>& wanted) const {
    const std::vector<int64_t>& shape = planned.ingredients.shape;
    const size_t free = planned.by_token && !recipe_.tokenizer.empty() && !shape.empty() ? 1 : 0;
    return shape.size() == wanted.size() && std::equal(shape.begin() + free, shape.end(), wanted.begin() + free);
  }

  // The config must ask for just these tensors.
  Status check_config() const {
    const ConfigDocument document{plan_.config, "the merged config.json", {}};
    MALMOI_ASSIGN(const auto made, model::make_model(document, document.root));
    std::map<std::string_view, const PlannedTensor*> planned;  // of experts there are tens of thousands
    for (const PlannedTensor& tensor : plan_.tensors) planned.emplace(tensor.ingredients.name, &tensor);
    size_t asked = 0;
    for (const auto& entry : made->parameters.entries()) {
      for (const nn::Source& source : entry->spec.sources) {
        const auto found = planned.find(source.name);
        if (found == planned.end() && entry->spec.fixed) continue;
        if (found == planned.end() || !fits(*found->second, model::stored_shape(entry->spec, source)))
          return invalid_data("the layers make no " + made->model_type() + " together: '" + source.name +
                                  "' is missing or has another shape",
                              recipe_.where, "choose layers of the same kind");
        ++asked;
      }
    }
    if (asked != plan_.tensors.size())
      return invalid_data("the layers make no " + made->model_type() + " together: some have tensors too many",
                          recipe_.where, "choose layers of the same kind");
    return {};
  }

  const Recipe& recipe_;
  std::span<const FolderTensors> folders_;
  const std::vector<std::string> names_;
  const uint64_t seed_;
  std::vector<const FolderTensor*> before_, after_;
  std::vector<model::LayerChoice> layers_;
  bool untied_ = false;
  Plan plan_;
};

}  // namespace

Result<Plan> make_plan(const Recipe& recipe, std::span<const FolderTensors> folders, uint64_t seed) {
  return Planner(recipe, folders, seed).plan();
}

}  // namespace malmoi::merge
