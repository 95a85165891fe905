// Which modules of a model a new adapter has.
#include <algorithm>
#include <cmath>
#include <set>

#include "model/adapter_head.h"
#include "model/adapter_parameters.h"
#include "model/layout.h"
#include "model/peft_config.h"
#include "model/tied_adapter.h"
#include "model/train_adapter.h"
#include "model/vocabulary_size.h"

namespace malmoi::model {
namespace {

std::string last_part(const std::string& module) { return module.substr(module.rfind('.') + 1); }

// Names that stand for these modules and no others: what they end with, where that is enough.
std::vector<std::string> short_names(const std::vector<AdaptedTensor>& all, const std::set<std::string>& chosen) {
  std::set<std::string> names;
  for (const AdaptedTensor& tensor : all) {
    const std::string module = tensor.module(), part = last_part(module);
    if (!chosen.contains(module)) continue;
    const bool is_enough = std::ranges::all_of(all, [&](const AdaptedTensor& other) {
      return last_part(other.module()) != part || chosen.contains(other.module());
    });
    names.insert(is_enough ? part : module);
  }
  return {names.begin(), names.end()};
}

// Which modules the settings name.
class Targets {
 public:
  static Result<Targets> make(const NewAdapter& options, const AdapterWhere& where) {
    Targets targets;
    targets.config_.target_modules.names = options.targets;
    targets.all_ = options.targets.empty() && !options.pattern;
    if (!options.pattern) return targets;
    auto pattern = NamePattern::make(*options.pattern, NamePattern::Part::kWhole);
    if (!pattern.ok()) return usage_error(pattern.error().what, where("targets"), pattern.error().remedy);
    targets.config_.target_modules.pattern = *std::move(pattern);
    return targets;
  }
  bool take(const AdaptedTensor& tensor) const { return all_ ? tensor.of_layers : is_target(config_, tensor.module()); }
  // A name of the list that fits nothing is a mistake, even where others fit.
  std::optional<std::string> unused(const std::vector<AdaptedTensor>& tensors) const {
    for (const std::string& name : config_.target_modules.names) {
      if (std::ranges::none_of(tensors, [&](const auto& tensor) { return means_module(name, tensor.module()); }))
        return name;
    }
    return {};
  }

 private:
  AdapterConfig config_;
  bool all_ = true;
};

Error fits_nothing(const std::string& what, const std::vector<AdaptedTensor>& tensors, const AdapterWhere& where) {
  std::set<std::string> parts;
  for (const AdaptedTensor& tensor : tensors) {
    if (tensor.of_layers) parts.insert(last_part(tensor.module()));
  }
  std::string names;
  for (const std::string& part : parts) names += (names.empty() ? "" : ", ") + part;
  return usage_error(what + " no module of the model", where("targets"),
                     "name modules as they are published, or what their names end with: " + names);
}

Status check_target(const AdaptedTensor& tensor, const NewAdapter& options, const AdapterWhere& where) {
  const AdaptedPlace& place = tensor.place;
  if (!place.is_matrix())
    return usage_error("'" + tensor.module() + "' is no matrix by rows in this model", where("targets"),
                       "name other modules");
  if (tensor.table && options.principal)
    return unsupported("'" + tensor.module() + "' is a table, of which init: pissa takes nothing", where("targets"),
                       "leave it out, or init");
  if (tensor.table && options.magnitudes)
    return unsupported("'" + tensor.module() + "' is a table, which has no magnitudes (dora)", where("targets"),
                       "leave it out, or dora");
  const int64_t rows = place.source.rows, in = columns_of(place.entry->spec), most = std::min(rows, in);
  if (options.rank <= most) return {};
  return usage_error("is " + std::to_string(options.rank) + ", but '" + tensor.module() + "' is a matrix of " +
                         std::to_string(rows) + " by " + std::to_string(in),
                     where("r"), "use at most " + std::to_string(most) + ", or other targets");
}

// Settings become a plan. Where the head is the table of words, whatever names one of the two holds for both.
class Planning {
 public:
  Planning(Model& model, const NewAdapter& options, const std::vector<AdaptedTensor>& tensors,
           const AdapterWhere& where)
      : model_(model), options_(options), tensors_(tensors), where_(where), tied_(tied_words(model)) {
    plan_.magnitudes = options.magnitudes;
    plan_.principal = options.principal;
    plan_.vocabulary = options.vocabulary;
  }

  Status adapt(const AdaptedTensor& named) {
    const AdaptedTensor& tensor = stands_for(named);
    MALMOI_TRY(check_words(tensor, "targets"));
    MALMOI_TRY(check_target(tensor, options_, where_));
    if (!chosen_.insert(tensor.module()).second) return {};
    const auto rank = static_cast<double>(options_.rank);
    const double scale = options_.alpha / (options_.rank_stabilised ? std::sqrt(rank) : rank);
    plan_.modules.push_back({tensor.name, tensor.module(), options_.rank, scale, tied_head_of(tensor, chosen_)});
    transposed_ |= tensor.place.source.layout.kind == nn::Layout::kTransposed;
    return {};
  }

  Status save_whole(const AdaptedTensor& named) {
    const AdaptedTensor& tensor = stands_for(named);
    if (!tensor.is_table_or_head())
      return unsupported("'" + tensor.module() + "' is no table of embeddings and no head", where_("save_whole"),
                         "adapt it (adapter.targets), or train all weights");
    MALMOI_TRY(check_words(tensor, "save_whole"));
    if (chosen_.contains(tensor.module()))
      return usage_error(
          "'" + tensor.module() + "' is adapted, too", where_("targets"),
          "leave it out of one of adapter.targets and adapter.save_whole (adapter.new_tokens saves tables whole)");
    if (!whole_.insert(tensor.module()).second) return {};
    plan_.whole.push_back({tensor.name, tensor.module(), tied_head_of(tensor, whole_)});
    return {};
  }

  // A name that fits nothing is a mistake, even where others fit.
  Status save_named() {
    for (const std::string& name : options_.save_whole) {
      bool used = false;
      for (const AdaptedTensor& tensor : tensors_) {
        if (!means_module(name, tensor.module())) continue;
        used = true;
        MALMOI_TRY(save_whole(tensor));
      }
      if (!used)
        return usage_error("'" + name + "' fits no module of the model", where_("save_whole"),
                           "name tables and heads as they are published: " + tables_and_heads());
    }
    if (options_.new_head) MALMOI_TRY(save_head());
    if (options_.vocabulary.rows == 0) return {};
    for (const AdaptedTensor& tensor : tensors_) {
      if (has_row_for_each_token(model_, *tensor.place.entry)) MALMOI_TRY(save_whole(tensor));
    }
    return {};
  }

  // All of it, or what is left of it would start anew wherever the adapter is used.
  Status save_head() {
    const auto& entries = model_.parameters.entries();
    for (size_t i = model_.head_begin; i < entries.size(); ++i) {
      const auto found = std::ranges::find(tensors_, entries[i]->spec.sources[0].name, &AdaptedTensor::name);
      if (found == tensors_.end() || !found->is_table_or_head())
        return unsupported("the base has no head for this objective, and that of a " + model_.model_type() +
                               " model is more than a matrix, which is all that an adapter brings",
                           where_("save_whole"), "train all weights, or begin with a model that has the head");
      MALMOI_TRY(save_whole(*found));
    }
    return {};
  }

  bool is_empty() const { return plan_.modules.empty(); }

  AdapterPlan finish() {
    PeftModules modules{.targets = options_.targets,
                        .whole = {whole_.begin(), whole_.end()},
                        .keeps_tied = plan_.keeps_tied,
                        .transposed = transposed_};
    // Of a pattern, too: PEFT holds one to every module, and what it fits may be none that PEFT can adapt (`.*mlp.*`: the whole
    // part).
    if (options_.targets.empty()) modules.targets = short_names(tensors_, chosen_);
    for (const std::string& module : chosen_) {  // a tied one that the list does not name
      const bool is_named = std::ranges::any_of(
          modules.targets, [&](const Json& name) { return means_module(name.get<std::string>(), module); });
      if (!is_named) modules.targets.push_back(module);
    }
    plan_.config = peft_config(options_, modules, model_.task());
    if (options_.new_head) note_labels(model_.labels, plan_.config);
    return std::move(plan_);
  }

 private:
  // The table, for a head that is the table.
  const AdaptedTensor& stands_for(const AdaptedTensor& tensor) const {
    if (!tensor.tied_head || !tied_) return tensor;
    return *std::ranges::find(tensors_, tied_->table, &AdaptedTensor::name);
  }

  // The name of the head that is this table, which the file's names have, too.
  std::string tied_head_of(const AdaptedTensor& tensor, std::set<std::string>& names) {
    if (!tied_ || tensor.name != tied_->table) return {};
    const std::string head = std::ranges::find(tensors_, tied_->head, &AdaptedTensor::name)->module();
    names.insert(head);
    plan_.keeps_tied = true;
    return head;
  }

  Status check_words(const AdaptedTensor& tensor, const char* key) const {
    const bool is_shared =
        model_.task() == Task::kSeq2Seq && tensor.table && tensor.place.entry->spec.role == nn::Role::kEmbedding;
    if (!is_shared) return {};
    return unsupported(
        "'" + tensor.module() + "' is the table of an encoder and a decoder, which PEFT adapts for neither",
        where_(key), "leave it out, or train all weights");
  }

  std::string tables_and_heads() const {
    std::string names;
    for (const AdaptedTensor& tensor : tensors_) {
      if (tensor.is_table_or_head()) names += (names.empty() ? "" : ", ") + tensor.module();
    }
    return names;
  }

  Model& model_;
  const NewAdapter& options_;
  const std::vector<AdaptedTensor>& tensors_;
  const AdapterWhere& where_;
  std::optional<TiedWords> tied_;
  AdapterPlan plan_;
  std::set<std::string> chosen_, whole_;
  bool transposed_ = false;
};

}  // namespace

Result<AdapterPlan> plan_adapter(Model& model, const NewAdapter& options, const AdapterWhere& where) {
  MALMOI_ASSIGN(const Targets targets, Targets::make(options, where));
  const std::vector<AdaptedTensor> tensors = adapted_tensors(model);
  Planning planning(model, options, tensors, where);
  for (const AdaptedTensor& tensor : tensors) {
    if (targets.take(tensor)) MALMOI_TRY(planning.adapt(tensor));
  }
  if (const auto unused = targets.unused(tensors)) return fits_nothing("'" + *unused + "' fits", tensors, where);
  if (planning.is_empty()) return fits_nothing("fits", tensors, where);
  MALMOI_TRY(planning.save_named());
  return planning.finish();
}

}  // namespace malmoi::model
