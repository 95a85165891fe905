// Which modules of a model an adapter has, of settings or of a file.
#include <algorithm>
#include <cmath>
#include <set>

#include "formats/element_type.h"
#include "model/adapter_names.h"
#include "model/adapter_parameters.h"
#include "model/layout.h"
#include "model/spellings.h"
#include "model/train_adapter.h"

namespace malmoi::model {
namespace {

constexpr const char* kOtherModel = "use the model that the adapter was trained on";

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

// What `task_type` says of classes that add nothing of their own to the adapter.
Json peft_task_type(Task task) {
  if (task == Task::kCausalLm) return "CAUSAL_LM";
  if (task == Task::kSeq2Seq) return "SEQ_2_SEQ_LM";
  return nullptr;
}

// Every field of PEFT 0.21's file, in its order.
Json peft_config(const NewAdapter& options, Json targets, Task task, bool transposed) {
  const Json none = nullptr;
  // Beside what is trained stands what it began with, at the same scale.
  const double more = !options.principal        ? 1
                      : options.rank_stabilised ? std::sqrt(2.0)
                                                : 2,
               scaled = options.alpha * more;
  Json alpha = scaled;
  if (scaled == std::floor(scaled) && std::abs(scaled) < 1e9) alpha = static_cast<int64_t>(scaled);
  return {{"alora_invocation_tokens", none},
          {"alpha_pattern", Json::object()},
          {"arrow_config", none},
          {"auto_mapping", none},
          {"base_model_name_or_path", options.base},
          {"bias", "none"},
          {"corda_config", none},
          {"ensure_weight_tying", false},
          {"eva_config", none},
          {"exclude_modules", none},
          {"fan_in_fan_out", transposed},
          {"inference_mode", true},
          {"init_lora_weights", true},
          {"kasa_config", none},
          {"layer_replication", none},
          {"layers_pattern", none},
          {"layers_to_transform", none},
          {"loftq_config", Json::object()},
          {"lora_alpha", alpha},
          {"lora_bias", false},
          {"lora_dropout", 0.0},
          {"lora_ga_config", none},
          {"megatron_config", none},
          {"megatron_core", "megatron.core"},
          {"modules_to_save", none},
          {"monteclora_config", none},
          {"peft_type", "LORA"},
          {"peft_version", "0.21.2"},
          {"qalora_group_size", 16},
          {"r", options.principal ? 2 * options.rank : options.rank},
          {"rank_pattern", Json::object()},
          {"revision", none},
          {"target_modules", std::move(targets)},
          {"target_parameters", none},
          {"task_type", peft_task_type(task)},
          {"trainable_token_indices", none},
          {"use_bdlora", none},
          {"use_dora", options.magnitudes},
          {"use_qalora", false},
          {"use_rslora", options.rank_stabilised},
          {"velora_config", none}};
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

// Of a file that goes on: what of it belongs to the model.
class Continued {
 public:
  Continued(Model& model, const AdapterFile& file, const AdapterNames& names)
      : model_(model), file_(file), names_(names) {}

  Status add(const AdaptedTensor& tensor, AdapterPlan& plan) {
    const AdapterNames::Module* module = names_.module_of(tensor.name);
    if (!module || !used_.insert(module->first).second) return {};
    if (!tensor.place.is_matrix())
      return unsupported("tensor '" + module->second.a->name + "' adapts what is no matrix by rows in this model",
                         file_.where, "begin a new adapter");
    MALMOI_ASSIGN(const Factors factors, names_.factors(*module, tensor.place.source, tensor.table));
    const AdaptedModule made{tensor.name, module->first, factors.rank, factors.scale};
    const AdapterParameters specs = adapter_parameters(made, tensor, plan.magnitudes);
    MALMOI_TRY(check_shape(*factors.a, specs.a));
    MALMOI_TRY(check_shape(*factors.b, specs.b));
    if (specs.magnitude) MALMOI_TRY(check_shape(*module->second.magnitude, *specs.magnitude));
    plan.modules.push_back(made);
    return {};
  }

  Status check_left_over(const Warn& warn) const {
    const Family& family = *find_family(model_.model_type());
    for (const auto& [name, module] : file_.modules) {
      if (used_.contains(name)) continue;
      if (!may_be_left(family, model_, name + ".weight"))
        return invalid_data("tensor '" + module.a->name + "' belongs to nothing in this model", file_.where,
                            kOtherModel);
      warn("tensor '" + module.a->name + "' is of a part that is not used here: it is left out (" + file_.where + ")");
    }
    return {};
  }

 private:
  Status check_shape(const formats::StoredTensor& tensor, const nn::ParameterSpec& spec) const {
    const std::vector<int64_t> wanted = stored_shape(spec, spec.sources[0]);
    if (tensor.shape == wanted) return {};
    return invalid_data("tensor '" + tensor.name + "' has shape " + formats::shape_text(tensor.shape) +
                            ", the model asks for " + formats::shape_text(wanted),
                        file_.where, kOtherModel);
  }

  Model& model_;
  const AdapterFile& file_;
  const AdapterNames& names_;
  std::set<std::string> used_;
};

}  // namespace

Result<AdapterPlan> plan_adapter(Model& model, const NewAdapter& options, const AdapterWhere& where) {
  MALMOI_ASSIGN(const Targets targets, Targets::make(options, where));
  const std::vector<AdaptedTensor> tensors = adapted_tensors(model);
  const auto rank = static_cast<double>(options.rank);
  const double scale = options.alpha / (options.rank_stabilised ? std::sqrt(rank) : rank);
  AdapterPlan plan{.config = {}, .magnitudes = options.magnitudes, .principal = options.principal, .modules = {}};
  std::set<std::string> chosen;
  bool transposed = false;
  for (const AdaptedTensor& tensor : tensors) {
    if (!targets.take(tensor)) continue;
    MALMOI_TRY(check_target(tensor, options, where));
    plan.modules.push_back({tensor.name, tensor.module(), options.rank, scale});
    chosen.insert(tensor.module());
    transposed |= tensor.place.source.layout.kind == nn::Layout::kTransposed;
  }
  if (const auto unused = targets.unused(tensors)) return fits_nothing("'" + *unused + "' fits", tensors, where);
  if (plan.modules.empty()) return fits_nothing("fits", tensors, where);
  // Of a pattern, too: PEFT holds one to every module, and what it fits may be none that PEFT can adapt (`.*mlp.*`: the whole part).
  Json names = options.targets.empty() ? short_names(tensors, chosen) : options.targets;
  plan.config = peft_config(options, std::move(names), model.task(), transposed);
  return plan;
}

Result<AdapterPlan> plan_adapter(Model& model, const AdapterFile& file, const std::string& base, const Warn& warn) {
  if (!file.architecture.empty())
    return unsupported("an adapter in GGUF is not gone on from", file.where, "give the folder that PEFT writes");
  if (!file.whole.empty())
    return unsupported("tensor '" + file.whole.begin()->second->name + "' takes the place of one of the model's",
                       file.where, "merge it into its model (malmoi adapter merge) and begin a new adapter");
  MALMOI_ASSIGN(const AdapterNames names, AdapterNames::make(file, model));
  AdapterPlan plan{.config = file.object, .magnitudes = file.config.magnitudes, .modules = {}};
  if (file.config.keeps_tied)
    return unsupported("'ensure_weight_tying' adapts words and head together", file.where,
                       "merge it into its model (malmoi adapter merge) and begin a new adapter");
  plan.config["base_model_name_or_path"] = base;
  plan.config["inference_mode"] = true;
  Continued continued(model, file, names);
  for (const AdaptedTensor& tensor : adapted_tensors(model)) MALMOI_TRY(continued.add(tensor, plan));
  MALMOI_TRY(continued.check_left_over(warn));
  if (plan.modules.empty()) return invalid_data("holds nothing that is trained", file.where, "begin a new adapter");
  return plan;
}

}  // namespace malmoi::model
