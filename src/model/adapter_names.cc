#include "model/adapter_names.h"

#include "model/gguf_weights.h"
#include "model/spellings.h"

namespace malmoi::model {

using formats::StoredTensor;
using nn::Layout;

Result<AdapterNames> AdapterNames::make(const AdapterFile& file, const Model& model) {
  const Family& family = *find_family(model.model_type());
  const bool is_other = !file.architecture.empty() && (!family.gguf || family.gguf->architecture != file.architecture);
  if (is_other)
    return invalid_data("the adapter is of a " + file.architecture + " model, the model is " + model.model_type(),
                        file.where, "use the model that the adapter was trained on");
  return AdapterNames(file, model, family);
}

std::vector<std::string> AdapterNames::module_names(const std::string& tensor) const {
  if (is_gguf()) return {place_of(*family_->gguf, tensor).tensor};
  std::vector<std::string> names = spellings(*family_, tensor);
  for (std::string& name : names) name = module_name(name);
  std::erase(names, "");
  return names;
}

const AdapterNames::Module* AdapterNames::module_of(const std::string& tensor) const {
  for (const std::string& name : module_names(tensor)) {
    if (auto found = file_->modules.find(name); found != file_->modules.end()) return &*found;
  }
  return nullptr;
}

const StoredTensor* AdapterNames::whole_of(const std::string& tensor) const {
  if (file_->whole.empty()) return nullptr;
  for (const std::string& name : spellings(*family_, tensor)) {
    if (auto found = file_->whole.find(name); found != file_->whole.end()) return found->second;
  }
  return nullptr;
}

Result<Factors> AdapterNames::factors(const Module& module, const nn::Source& source, bool table) const {
  const auto& [name, tensors] = module;
  if (!is_gguf() && tensors.table != table)
    return invalid_data("tensor '" + tensors.a->name + "' is " + (tensors.table ? "" : "not ") + "that of a table, '" +
                            source.name + "' is " + (table ? "one" : "none"),
                        file_->where, "adapter and model do not belong together");
  Factors factors{.a = tensors.a, .b = tensors.b, .b_layout = rows_of(source), .rank = tensors.a->shape[0]};
  if (table) {  // its rows are what B^T has, and its columns what A has
    std::swap(factors.a, factors.b);
    factors.a_layout = {Layout::kTransposed};
    factors.b_layout = is_gguf() ? Layout{} : Layout{Layout::kTransposed};
    factors.rank = factors.a->shape[1];
  }
  factors.scale = is_gguf() ? scale_of_gguf(factors.rank) : scale_of(file_->config, name);
  return factors;
}

// How the rows of B lie: as the model's file has those of the matrix, whose columns are A's.
Layout AdapterNames::rows_of(const nn::Source& source) const {
  const Layout layout = is_gguf() ? gguf_rows(*family_->gguf, source, head_dim_of(model_->config())) : source.layout;
  return layout.kind == Layout::kTransposed || layout.kind == Layout::kTaps ? Layout{} : layout;
}

// As llama.cpp has it.
double AdapterNames::scale_of_gguf(int64_t rank) const {
  const double alpha = file_->config.alpha;
  return alpha == 0 ? 1 : alpha / static_cast<double>(rank);
}

}  // namespace malmoi::model
