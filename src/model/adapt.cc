#include "model/adapt.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>

#include "autograd/adapted_weight.h"
#include "formats/element_type.h"
#include "model/adapter.h"
#include "model/family.h"
#include "model/finite.h"
#include "model/gguf_weights.h"
#include "model/layout.h"
#include "model/spellings.h"
#include "model/stored_values.h"
#include "model/weight_rows.h"

namespace malmoi::model {
namespace {

using autograd::AdaptedWeight;
using autograd::LowRank;
using formats::StoredTensor;
using nn::Role;
using nn::WeightSlot;
using Entry = nn::ParameterSet::Entry;

constexpr std::string_view kWeight = ".weight";
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

using Plan = std::map<WeightSlot*, std::vector<AdaptedWeight::Parts>>;

// Where a published tensor lies: a slot and the rows of it. No slot: a vector.
struct Place {
  Entry* entry = nullptr;
  nn::Source source;  // its rows count from the slot's first
  WeightSlot* slot = nullptr;
};

// Fits one adapter to the model.
class Fitting {
 public:
  Fitting(Model& model, const AdapterFile& file, size_t index, size_t count, Owned& owned, Plan& plan, Adapted& adapted,
          const Warn& warn)
      : model_(model),
        family_(*find_family(model.model_type())),
        file_(file),
        index_(index),
        count_(count),
        owned_(owned),
        plan_(plan),
        adapted_(adapted),
        warn_(warn) {}

  Status run() {
    MALMOI_TRY(check_architecture());
    MALMOI_TRY(settle_head());
    for (auto& entry : model_.parameters.entries()) {
      for (const nn::Source& source : entry->spec.sources)
        MALMOI_TRY(fit(place_of_source(*entry, source), source.name));
    }
    if (head_) MALMOI_TRY(fit(*head_, model_.tied_head.tensor));
    return check_left_over();
  }

 private:
  Status check_architecture() const {
    if (file_.architecture.empty()) return {};
    if (!family_.gguf || family_.gguf->architecture != file_.architecture)
      return invalid_data("the adapter is of a " + file_.architecture + " model, the model is " + model_.model_type(),
                          file_.where, "use the model that the adapter was trained on");
    return {};
  }

  // The name of a module, or of a tensor, in the file.
  std::vector<std::string> names_in_file(const std::string& name, bool module) const {
    if (!file_.architecture.empty()) return {place_of(*family_.gguf, name).tensor};
    std::vector<std::string> names = spellings(family_, name);
    if (!module) return names;
    std::erase_if(names, [](const std::string& n) { return !n.ends_with(kWeight); });
    for (std::string& n : names) n.resize(n.size() - kWeight.size());
    return names;
  }
  template <typename Value>
  const Value* find(const std::map<std::string, Value>& values, const std::string& name, bool module) const {
    for (const std::string& spelled : names_in_file(name, module)) {
      if (auto found = values.find(spelled); found != values.end()) return &found->second;
    }
    return nullptr;
  }
  bool touches(const std::string& name) const {
    return find(file_.modules, name, true) || find(file_.whole, name, false);
  }

  Entry& entry_of(const Parameter& parameter) const {
    auto& entries = model_.parameters.entries();
    return **std::ranges::find_if(entries, [&](const auto& entry) { return &entry->parameter == &parameter; });
  }

  // Table and head are adapted each by itself.
  Status settle_head() {
    if (!model_.head || model_.tied_head.tensor.empty()) return {};
    Entry& words = entry_of(model_.head->weight->parameter());
    const bool apart = model_.head->weight != words.slots[0].get();
    const nn::Source& table = words.spec.sources[0];
    if (!apart && !touches(table.name) && !touches(model_.tied_head.tensor)) return {};
    if (file_.config.keeps_tied && touches(table.name) != touches(model_.tied_head.tensor))
      return unsupported("'ensure_weight_tying' adapts words and head together", file_.where, kMerge);
    if (!apart) model_.separate_head();
    head_ = Place{&words, table, model_.head->weight};
    adapted_.head = true;
    return {};
  }

  Place place_of_source(Entry& entry, const nn::Source& source) const {
    Place place{&entry, source};
    if (entry.slots.empty()) return place;
    const int64_t rows = entry.spec.shape.rows() / static_cast<int64_t>(entry.slots.size());
    const int64_t slot = source.row_begin / rows;
    if ((source.row_begin + source.rows - 1) / rows != slot) return place;  // several matrices in one tensor
    place.slot = entry.slots[static_cast<size_t>(slot)].get();
    place.source.row_begin = source.row_begin % rows;
    return place;
  }

  Status fit(const Place& place, const std::string& name) {
    if (const AdapterModule* module = find(file_.modules, name, true)) {
      used_.insert(module->a);
      MALMOI_TRY(add_low_rank(place, *module));
    }
    if (const StoredTensor* const* tensor = find(file_.whole, name, false)) {
      used_.insert(*tensor);
      MALMOI_TRY(put_in_place(place, **tensor));
    }
    return {};
  }

  // The layout that rows of the file have, where they are no columns of it.
  nn::Layout rows_of(const Place& place) const {
    nn::Layout layout = place.source.layout;
    if (!file_.architecture.empty()) layout = gguf_rows(*family_.gguf, place.source, head_dim());
    return layout.kind == nn::Layout::kTransposed || layout.kind == nn::Layout::kTaps ? nn::Layout{} : layout;
  }

  int64_t head_dim() const {
    auto integer = [&](const char* key) {
      const auto found = model_.config().find(key);
      return found != model_.config().end() && found->is_number_integer() ? found->get<int64_t>() : 0;
    };
    if (const int64_t said = integer("head_dim"); said > 0) return said;
    const int64_t heads = integer("num_attention_heads");
    return heads > 0 ? model_.hidden_size() / heads : 0;
  }

  Status add_low_rank(const Place& place, const AdapterModule& module) {
    const bool convolution = place.source.layout.kind == nn::Layout::kTaps || place.entry->spec.role == Role::kBlocks;
    if (!place.slot || convolution)
      return unsupported("tensor '" + module.a->name + "' adapts what is no matrix by rows in this model", file_.where,
                         kMerge);
    const int64_t rows = place.source.rows, in = columns_of(place.entry->spec);
    const bool table = place.entry->spec.role == Role::kEmbedding || place.entry->spec.role == Role::kPositions;
    const bool as_table = table && place.slot == place.entry->slots[0].get();  // a head over it is a product
    if (file_.architecture.empty() && module.table != as_table)
      return invalid_data("tensor '" + module.a->name + "' is " + (module.table ? "" : "not ") + "that of a table, '" +
                              place.source.name + "' is " + (as_table ? "one" : "none"),
                          file_.where, "adapter and model do not belong together");
    const int64_t rank = file_.architecture.empty() || !as_table ? module.a->shape[0] : module.a->shape[1];
    LowRank part{.row_begin = place.source.row_begin};
    const nn::Layout turned{nn::Layout::kTransposed}, as_is{};
    if (as_table) {
      // Rows of a table are B^T's, as its columns are A's.
      const nn::Layout entries = file_.architecture.empty() ? turned : as_is;
      MALMOI_ASSIGN(part.a, matrix(*module.b, {rank, in}, turned));
      MALMOI_ASSIGN(part.b, matrix(*module.a, {rows, rank}, entries));
    } else {
      MALMOI_ASSIGN(part.a, matrix(*module.a, {rank, in}, as_is));
      MALMOI_ASSIGN(part.b, matrix(*module.b, {rows, rank}, rows_of(place)));
    }
    if (module.magnitude) {
      MALMOI_ASSIGN(part.magnitude, matrix(*module.magnitude, {rows}, rows_of(place)));
    }
    part.scale = scale(module, rank);
    auto& adapters = plan_[place.slot];
    adapters.resize(count_);
    adapters[index_].push_back(part);
    note(place);
    return {};
  }

  double scale(const AdapterModule& module, int64_t rank) const {
    if (!file_.architecture.empty())
      return file_.config.alpha == 0 ? 1 : file_.config.alpha / static_cast<double>(rank);
    for (const auto& [name, known] : file_.modules) {
      if (known.a == module.a) return scale_of(file_.config, name);
    }
    return 1;
  }

  void note(const Place& place) {
    if (!head_ || place.slot != head_->slot) adapted_.parameters.insert(&place.entry->parameter);
    // Rows of experts are in an order of their own.
    if (place.entry->slots.size() > 1) model_.mixes_adapters = false;
  }

  // A parameter of the adapter's, filled from a tensor once its shape is known to be right.
  Result<Parameter*> matrix(const StoredTensor& tensor, Shape shape, const nn::Layout& layout) {
    const int64_t rows = shape.rank() == 1 ? shape[0] : shape.rows();
    const nn::ParameterSpec spec{.name = tensor.name, .shape = shape, .role = Role::kMatrix};
    const nn::Source source{tensor.name, 0, rows, layout};
    MALMOI_TRY(check_shape(tensor, stored_shape(spec, source)));
    MALMOI_ASSIGN(const std::vector<float> values, stored_values(tensor, file_.where));
    Parameter& made = owned_.add(tensor.name, shape, DType::kF32, Role::kMatrix);
    copy_in(std::as_bytes(std::span(values)), DType::kF32, spec, source, made.compute);
    MALMOI_TRY(check_finite(made.compute, spec, source, tensor.name, file_.where));
    return &made;
  }

  Status check_shape(const StoredTensor& tensor, const std::vector<int64_t>& wanted) const {
    if (tensor.shape == wanted) return {};
    return invalid_data("tensor '" + tensor.name + "' has shape " + formats::shape_text(tensor.shape) +
                            ", the model asks for " + formats::shape_text(wanted),
                        file_.where, "use the model that the adapter was trained on");
  }

  // A module that was trained whole, or a bias: it takes the place of the model's.
  Status put_in_place(const Place& place, const StoredTensor& tensor) {
    if (count_ > 1)
      return unsupported("tensor '" + tensor.name + "' takes the place of one of the model's", file_.where,
                         "give the adapter alone, or merge it (malmoi adapter merge)");
    const nn::ParameterSpec& spec = place.entry->spec;
    nn::Source whole = place.source;
    MALMOI_TRY(check_shape(tensor, stored_shape(spec, whole)));
    MALMOI_ASSIGN(const std::vector<float> values, stored_values(tensor, file_.where));
    Parameter& p = place.entry->parameter;
    note(place);
    if (!place.slot && !p.compute.data())
      return unsupported("tensor '" + tensor.name + "' takes the place of what is packed together with others",
                         file_.where, kMerge);
    if (!place.slot) {  // what the file holds is only read
      Tensor copy = Tensor::zeros(p.compute.dtype(), p.compute.shape());
      convert(p.compute.data(), p.compute.dtype(), copy.data(), copy.dtype(), static_cast<size_t>(copy.elements()));
      p.compute = copy;
      copy_in(std::as_bytes(std::span(values)), DType::kF32, spec, whole, p.compute);
      return check_finite(p.compute, spec, whole, tensor.name, file_.where);
    }
    nn::ParameterSpec own{
        .name = spec.name, .shape = {(*place.slot)->out_features(), (*place.slot)->in_features()}, .role = spec.role};
    Parameter& made = owned_.add(spec.name, own.shape, model_.parameters.compute_type(p), spec.role);
    write_rows(**place.slot, made.compute);
    copy_in(std::as_bytes(std::span(values)), DType::kF32, own, whole, made.compute);
    place.slot->bind(std::make_unique<autograd::DenseWeight>(made));
    return check_finite(made.compute, own, whole, tensor.name, file_.where);
  }

  // What is tied may stand in a file twice.
  bool is_copy(const StoredTensor& tensor) const {
    return std::ranges::any_of(file_.whole, [&](const auto& other) {
      return used_.contains(other.second) && other.second->shape == tensor.shape && other.second->type == tensor.type &&
             std::ranges::equal(other.second->bytes, tensor.bytes);
    });
  }

  Status check_left_over() const {
    auto check = [&](const std::string& name, const StoredTensor& tensor) -> Status {
      if (used_.contains(&tensor)) return {};
      if (!may_be_left(family_, model_, name))
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
  const Family& family_;
  const AdapterFile& file_;
  size_t index_, count_;
  Owned& owned_;
  Plan& plan_;
  Adapted& adapted_;
  const Warn& warn_;
  std::optional<Place> head_;
  std::set<const StoredTensor*> used_;
};

// Whether rows of products are rows of the batch, in its order, in all layers.
bool keeps_rows(const Model& model) {
  return std::ranges::all_of(model.backbone->states(), [](const nn::LayerState& state) {
    return state.kind == nn::StateKind::kPagedKeys || state.kind == nn::StateKind::kWindowKeys;
  });
}

}  // namespace

Result<Adapted> adapt(Model& model, std::span<const Path> adapters, const Warn& warn) {
  Adapted adapted;
  Plan plan;
  auto owned = std::make_shared<Owned>();
  model.mixes_adapters = keeps_rows(model);
  for (size_t i = 0; i < adapters.size(); ++i) {
    MALMOI_ASSIGN(const AdapterFile file, open_adapter(adapters[i]));
    MALMOI_TRY(Fitting(model, file, i, adapters.size(), *owned, plan, adapted, warn).run());
  }
  for (auto& [slot, parts] : plan) {
    slot->wrap([&](std::unique_ptr<autograd::Weight> base) {
      return std::make_unique<AdaptedWeight>(std::move(base), std::move(parts));
    });
  }
  model.num_adapters = static_cast<int32_t>(adapters.size());
  model.keep(std::move(owned));
  return adapted;
}

}  // namespace malmoi::model
