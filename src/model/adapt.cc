#include "model/adapt.h"

#include <algorithm>
#include <deque>
#include <map>

#include "autograd/adapted_weight.h"
#include "formats/element_type.h"
#include "model/adapted_place.h"
#include "model/adapter_names.h"
#include "model/adapter_vocabulary.h"
#include "model/finite.h"
#include "model/layout.h"
#include "model/spellings.h"
#include "model/stored_values.h"
#include "model/tied_adapter.h"
#include "model/vocabulary_size.h"
#include "model/weight_rows.h"

namespace malmoi::model {
namespace {

using autograd::AdaptedWeight;
using autograd::LowRank;
using formats::StoredTensor;
using nn::Role;
using nn::WeightSlot;
using Entry = nn::ParameterSet::Entry;
using Place = AdaptedPlace;

constexpr const char* kMerge = "merge the adapter into its model with the library that made it";

// What adapters have beside the model: it lives as long as the model.
struct Owned {
  std::deque<Parameter> parameters;

  Parameter& add(const std::string& name, Shape shape, DType type, Role role) {
    Parameter& made = parameters.emplace_back();
    made.name = name;
    made.shape = shape;
    made.role = role;
    made.trainable = false;
    made.compute = Tensor::zeros(type, shape);
    return made;
  }
};

// What comes of fitting several adapters, one after the other.
struct Fitted {
  size_t adapters = 0;  // in all
  std::shared_ptr<Owned> owned = std::make_shared<Owned>();
  std::map<WeightSlot*, std::vector<AdaptedWeight::Parts>> parts;
  Adapted adapted;
};

// Fits one adapter to the model.
class Fitting {
 public:
  Fitting(Model& model, const AdapterFile& file, const AdapterNames& names, size_t index, Fitted& fitted,
          const Warn& warn)
      : model_(model), file_(file), names_(names), index_(index), fitted_(fitted), warn_(warn) {}

  Status run() {
    MALMOI_TRY(settle_head());
    for (auto& entry : model_.parameters.entries()) {
      for (const nn::Source& source : entry->spec.sources)
        MALMOI_TRY(fit(place_of_source(*entry, source), source.name));
    }
    if (head_) MALMOI_TRY(fit(*head_, model_.tied_head.tensor));
    return check_left_over();
  }

 private:
  // Table and head are adapted each by itself, unless the file keeps them together.
  Status settle_head() {
    if (!model_.head || model_.tied_head.tensor.empty()) return {};
    Entry& words = entry_of(model_, model_.head->weight->parameter());
    const bool apart = has_head_of_its_own(model_);
    const nn::Source& table = words.spec.sources[0];
    const bool touches_table = names_.touches(table.name), touches_head = names_.touches(model_.tied_head.tensor);
    if (!apart && !touches_table && !touches_head) return {};
    MALMOI_ASSIGN(const bool as_one, adapts_as_one(file_, names_, {table.name, model_.tied_head.tensor}));
    if (as_one && !apart && fitted_.adapters == 1) {  // the head's tensors are the table's once more
      if (const auto* module = names_.module_of(model_.tied_head.tensor)) used_.insert(module->second.a);
      if (const auto* whole = names_.whole_of(model_.tied_head.tensor)) used_.insert(whole);
      return {};
    }
    if (!apart) model_.separate_head();
    head_ = Place{&words, table, model_.head->weight};
    fitted_.adapted.head = true;
    return {};
  }

  Status fit(const Place& place, const std::string& name) {
    if (const AdapterNames::Module* module = names_.module_of(name)) {
      used_.insert(module->second.a);
      MALMOI_TRY(add_low_rank(place, *module));
    }
    if (const StoredTensor* tensor = names_.whole_of(name)) {
      used_.insert(tensor);
      MALMOI_TRY(put_in_place(place, *tensor));
    }
    return {};
  }

  Status add_low_rank(const Place& place, const AdapterNames::Module& module) {
    const AdapterModule& tensors = module.second;
    if (!place.is_matrix())
      return unsupported("tensor '" + tensors.a->name + "' adapts what is no matrix by rows in this model", file_.where,
                         kMerge);
    MALMOI_ASSIGN(const Factors factors, names_.factors(module, place.source, place.is_table()));
    const int64_t rows = place.source.rows, in = columns_of(place.entry->spec);
    LowRank part{.row_begin = place.source.row_begin, .scale = factors.scale};
    MALMOI_ASSIGN(part.a, matrix(*factors.a, {factors.rank, in}, factors.a_layout));
    MALMOI_ASSIGN(part.b, matrix(*factors.b, {rows, factors.rank}, factors.b_layout));
    if (tensors.magnitude) {
      MALMOI_ASSIGN(part.magnitude, matrix(*tensors.magnitude, {rows}, factors.b_layout));
    }
    auto& adapters = fitted_.parts[place.slot];
    adapters.resize(fitted_.adapters);
    adapters[index_].push_back(part);
    note(place);
    return {};
  }

  void note(const Place& place) {
    if (!head_ || place.slot != head_->slot) fitted_.adapted.parameters.insert(&place.entry->parameter);
    // Rows of experts are in an order of their own.
    if (place.entry->slots.size() > 1) model_.mixes_adapters = false;
  }

  // A parameter of the adapter's, made once the tensor's shape is known to be right.
  Result<Parameter*> matrix(const StoredTensor& tensor, Shape shape, const nn::Layout& layout) {
    const int64_t rows = shape.rank() == 1 ? shape[0] : shape.rows();
    const nn::ParameterSpec spec{.name = tensor.name, .shape = shape, .role = Role::kMatrix};
    const nn::Source source{tensor.name, 0, rows, layout};
    MALMOI_TRY(check_shape(tensor, spec, source));
    Parameter& made = fitted_.owned->add(tensor.name, shape, DType::kF32, Role::kMatrix);
    MALMOI_TRY(fill(tensor, spec, source, made.compute));
    return &made;
  }

  Status check_shape(const StoredTensor& tensor, const nn::ParameterSpec& spec, const nn::Source& source) const {
    const std::vector<int64_t> wanted = stored_shape(spec, source);
    if (tensor.shape == wanted) return {};
    return invalid_data("tensor '" + tensor.name + "' has shape " + formats::shape_text(tensor.shape) +
                            ", the model asks for " + formats::shape_text(wanted),
                        file_.where, "use the model that the adapter was trained on");
  }

  // The tensor's values in the source's rows of `to`.
  Status fill(const StoredTensor& tensor, const nn::ParameterSpec& spec, const nn::Source& source, Tensor& to) const {
    MALMOI_ASSIGN(const std::vector<float> values, stored_values(tensor, file_.where));
    copy_in(std::as_bytes(std::span(values)), DType::kF32, spec, source, to);
    return check_finite(to, spec, source, tensor.name, file_.where);
  }

  // A module that was trained whole, or a bias: it takes the place of the model's.
  Status put_in_place(const Place& place, const StoredTensor& tensor) {
    if (fitted_.adapters > 1)
      return unsupported("tensor '" + tensor.name + "' takes the place of one of the model's", file_.where,
                         "give the adapter alone, or merge it (malmoi adapter merge)");
    const nn::ParameterSpec& spec = place.entry->spec;
    MALMOI_TRY(check_shape(tensor, spec, place.source));
    Parameter& p = place.entry->parameter;
    if (!place.slot && !p.compute.data())
      return unsupported("tensor '" + tensor.name + "' takes the place of what is packed together with others",
                         file_.where, kMerge);
    note(place);
    // What PEFT saves of the base beside an adapted table is the base's own.
    model_.base_is_replaced |= tensor.name.find(".base_layer.") == std::string::npos;
    if (!place.slot) {  // what the file holds is only read
      Tensor copy = Tensor::zeros(p.compute.dtype(), p.compute.shape());
      convert(p.compute.data(), p.compute.dtype(), copy.data(), copy.dtype(), static_cast<size_t>(copy.elements()));
      p.compute = copy;
      return fill(tensor, spec, place.source, p.compute);
    }
    const nn::ParameterSpec own{
        .name = spec.name, .shape = {(*place.slot)->out_features(), (*place.slot)->in_features()}, .role = spec.role};
    Parameter& made = fitted_.owned->add(spec.name, own.shape, model_.parameters.compute_type(p), spec.role);
    write_rows(**place.slot, made.compute);
    place.slot->bind(std::make_unique<autograd::DenseWeight>(made));
    return fill(tensor, own, place.source, made.compute);
  }

  // What is tied may stand in a file twice.
  bool is_copy(const StoredTensor& tensor) const {
    return std::ranges::any_of(file_.whole, [&](const auto& other) {
      return used_.contains(other.second) && other.second->shape == tensor.shape && other.second->type == tensor.type &&
             std::ranges::equal(other.second->bytes, tensor.bytes);
    });
  }

  Status check_left_over() const {
    const Family& family = *find_family(model_.model_type());
    auto check = [&](const std::string& name, const StoredTensor& tensor) -> Status {
      if (used_.contains(&tensor)) return {};
      if (!may_be_left(family, model_, name))
        return invalid_data("tensor '" + tensor.name + "' belongs to nothing in this model", file_.where,
                            "use the model that the adapter was trained on");
      warn_("tensor '" + tensor.name + "' is of a part that is not used here (" + file_.where + ")");
      return {};
    };
    for (const auto& [name, module] : file_.modules) MALMOI_TRY(check(name + ".weight", *module.a));
    for (const auto& [name, tensor] : file_.whole) {
      if (!is_copy(*tensor)) MALMOI_TRY(check(name, *tensor));
    }
    return {};
  }

  Model& model_;
  const AdapterFile& file_;
  const AdapterNames& names_;
  size_t index_;
  Fitted& fitted_;
  const Warn& warn_;
  std::optional<Place> head_;
  std::set<const StoredTensor*> used_;
};

// A single adapter may be of more tokens than its base.
Status fit_vocabulary(Model& model, const AdapterFile& file) {
  MALMOI_ASSIGN(const Vocabulary vocabulary, adapter_vocabulary(file, model));
  return resize_vocabulary(model, vocabulary, true, file.where);
}

}  // namespace

Result<Adapted> adapt(Model& model, std::span<const Path> adapters, const Warn& warn) {
  Fitted fitted{.adapters = adapters.size()};
  model.mixes_adapters = keeps_rows(model);
  for (size_t i = 0; i < adapters.size(); ++i) {
    MALMOI_ASSIGN(const AdapterFile file, open_adapter(adapters[i]));
    if (adapters.size() == 1) MALMOI_TRY(fit_vocabulary(model, file));
    MALMOI_ASSIGN(const AdapterNames names, AdapterNames::make(file, model));
    MALMOI_TRY(Fitting(model, file, names, i, fitted, warn).run());
    MALMOI_TRY(file.check_files());  // or zeros were read
  }
  for (auto& [slot, parts] : fitted.parts) {
    slot->wrap([&](std::unique_ptr<autograd::Weight> base) {
      return std::make_unique<AdaptedWeight>(std::move(base), std::move(parts));
    });
  }
  model.num_adapters = static_cast<int32_t>(adapters.size());
  model.keep(std::move(fitted.owned));
  return std::move(fitted.adapted);
}

}  // namespace malmoi::model
