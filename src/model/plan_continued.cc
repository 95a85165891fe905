// Which modules of a model an adapter has that goes on from a file.
#include <algorithm>
#include <set>

#include "formats/element_type.h"
#include "model/adapter_names.h"
#include "model/adapter_parameters.h"
#include "model/layout.h"
#include "model/spellings.h"
#include "model/tied_adapter.h"
#include "model/train_adapter.h"

namespace malmoi::model {
namespace {

constexpr const char* kOtherModel = "use the model that the adapter was trained on";

// Of a file that goes on: what of it belongs to the model.
class Continued {
 public:
  Continued(Model& model, const AdapterFile& file, const AdapterNames& names)
      : model_(model), file_(file), names_(names) {}

  // Where table and head are adapted as one, the head's tensors are the table's once more.
  Status settle_tied(AdapterPlan& plan) {
    words_ = tied_words(model_);
    if (!words_) return {};
    MALMOI_ASSIGN(plan.keeps_tied, adapts_as_one(file_, names_, *words_));
    if (!plan.keeps_tied) words_.reset();
    return {};
  }

  Status add(const AdaptedTensor& tensor, AdapterPlan& plan) {
    const AdapterNames::Module* module = names_.module_of(tensor.name);
    if (!module || !used_.insert(module->first).second || is_tied_head(tensor)) return {};
    if (!tensor.place.is_matrix())
      return unsupported("tensor '" + module->second.a->name + "' adapts what is no matrix by rows in this model",
                         file_.where, "begin a new adapter");
    MALMOI_ASSIGN(const Factors factors, names_.factors(*module, tensor.place.source, tensor.table));
    AdaptedModule made{tensor.name, module->first, factors.rank, factors.scale};
    if (is_tied_table(tensor)) made.tied_head = names_.module_of(words_->head)->first;
    const AdapterParameters specs = adapter_parameters(made, tensor, plan.magnitudes);
    MALMOI_TRY(check_shape(*factors.a, specs.a));
    MALMOI_TRY(check_shape(*factors.b, specs.b));
    if (specs.magnitude) MALMOI_TRY(check_shape(*module->second.magnitude, *specs.magnitude));
    plan.modules.push_back(made);
    return {};
  }

  // A table or a head that was trained whole.
  Status add_whole(const AdaptedTensor& tensor, AdapterPlan& plan) {
    const formats::StoredTensor* whole = names_.whole_of(tensor.name);
    if (!whole || !used_whole_.insert(whole).second || is_tied_head(tensor)) return {};
    if (names_.module_of(tensor.name))
      return unsupported(
          "tensor '" + whole->name + "' is what stood there when '" + tensor.module() + "' was adapted", file_.where,
          "save the adapter without it (save_embedding_layers=False), where the base still has its values");
    if (!tensor.is_table_or_head()) return takes_the_place(*whole);
    WholeModule made{tensor.name, module_of_whole(whole)};
    if (is_tied_table(tensor)) made.tied_head = module_of_whole(names_.whole_of(words_->head));
    MALMOI_TRY(check_shape(*whole, whole_parameter(made, tensor)));
    plan.whole.push_back(std::move(made));
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
    for (const auto& [name, tensor] : file_.whole) {
      if (!used_whole_.contains(tensor)) return takes_the_place(*tensor);
    }
    return {};
  }

 private:
  bool is_tied_table(const AdaptedTensor& tensor) const { return words_ && tensor.name == words_->table; }
  bool is_tied_head(const AdaptedTensor& tensor) const { return words_ && tensor.name == words_->head; }

  std::string module_of_whole(const formats::StoredTensor* tensor) const {
    const auto found = std::ranges::find_if(file_.whole, [&](const auto& whole) { return whole.second == tensor; });
    return found == file_.whole.end() ? std::string() : module_name(found->first);
  }

  Error takes_the_place(const formats::StoredTensor& tensor) const {
    return unsupported(
        "tensor '" + tensor.name + "' takes the place of one of the model's that is no table and no head", file_.where,
        "merge it into its model (malmoi adapter merge) and begin a new adapter");
  }

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
  std::optional<TiedWords> words_;  // that are adapted as one
  std::set<std::string> used_;
  std::set<const formats::StoredTensor*> used_whole_;
};

}  // namespace

Result<AdapterPlan> plan_adapter(Model& model, const AdapterFile& file, const std::string& base, const Warn& warn) {
  if (!file.architecture.empty())
    return unsupported("an adapter in GGUF is not gone on from", file.where, "give the folder that PEFT writes");
  MALMOI_ASSIGN(const AdapterNames names, AdapterNames::make(file, model));
  AdapterPlan plan{.config = file.object, .magnitudes = file.config.magnitudes, .modules = {}, .whole = {}};
  plan.config["base_model_name_or_path"] = base;
  plan.config["inference_mode"] = true;
  Continued continued(model, file, names);
  MALMOI_TRY(continued.settle_tied(plan));
  for (const AdaptedTensor& tensor : adapted_tensors(model)) {
    MALMOI_TRY(continued.add(tensor, plan));
    MALMOI_TRY(continued.add_whole(tensor, plan));
  }
  MALMOI_TRY(continued.check_left_over(warn));
  if (plan.modules.empty()) return invalid_data("holds nothing that is trained", file.where, "begin a new adapter");
  return plan;
}

}  // namespace malmoi::model
