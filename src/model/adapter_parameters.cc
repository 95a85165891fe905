#include "model/adapter_parameters.h"

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "model/adapter.h"
#include "model/family.h"
#include "model/layout.h"
#include "model/spellings.h"

namespace malmoi::model {
namespace {

using nn::Layout;
using nn::ParameterSpec;
using nn::Role;

// U(-bound, bound) with bound = 1 / sqrt(in): kaiming-uniform with a = sqrt(5), as PEFT draws A.
void fill_uniform(int64_t in, uint64_t seed, float* values, int64_t n) {
  const double bound = 1 / std::sqrt(static_cast<double>(in));
  Rng rng(seed);
  for (int64_t i = 0; i < n; ++i) values[i] = static_cast<float>((2 * rng.uniform() - 1) * bound);
}

// How rows of B lie in the file: as the model's own file has those of the matrix.
Layout rows_of(const nn::Source& source) {
  const Layout& layout = source.layout;
  return layout.kind == Layout::kTransposed || layout.kind == Layout::kTaps ? Layout{} : layout;
}

ParameterSpec spec_of(const std::string& name, Shape shape, Role role, const Layout& layout) {
  const int64_t rows = shape[0];
  return {.name = name, .shape = shape, .role = role, .sources = {{name, 0, rows, layout}}};
}

// The file has it once more, as the head's, where there is a tied one.
void add_tied(ParameterSpec& spec, const std::string& head, const char* ending, const Layout& layout) {
  if (!head.empty()) spec.sources.push_back({std::string(kPeftPrefix) + head + ending, 0, spec.shape[0], layout});
}

}  // namespace

std::string AdaptedTensor::module() const { return module_name(saved); }

bool AdaptedTensor::is_table_or_head() const {
  const nn::ParameterSet::Entry& entry = *place.entry;
  const bool stands_alone = place.is_matrix() && entry.slots.size() == 1 && entry.spec.sources.size() == 1;
  return stands_alone && (table || tied_head || entry.spec.role == Role::kHead);
}

std::vector<AdaptedTensor> adapted_tensors(Model& model) {
  std::vector<AdaptedTensor> tensors;
  const Family& family = *find_family(model.model_type());
  auto& entries = model.parameters.entries();
  for (size_t i = 0; i < entries.size(); ++i) {
    for (const nn::Source& source : entries[i]->spec.sources) {
      if (module_name(source.name).empty()) continue;
      const AdaptedPlace place = place_of_source(*entries[i], source);
      const bool of_layers = i < model.head_begin && entries[i]->spec.role == Role::kMatrix && place.is_matrix();
      tensors.push_back({.name = source.name,
                         .saved = saved_name(family, model, source.name),
                         .place = place,
                         .table = place.slot && place.is_table(),
                         .of_layers = of_layers});
    }
  }
  if (!model.head || module_name(model.tied_head.tensor).empty()) return tensors;
  nn::ParameterSet::Entry& words = entry_of(model, model.head->weight->parameter());
  tensors.push_back({.name = model.tied_head.tensor,
                     .saved = model.tied_head.tensor,
                     .place = {&words, words.spec.sources[0], model.head->weight},
                     .tied_head = true});
  return tensors;
}

AdapterParameters adapter_parameters(const AdaptedModule& module, const AdaptedTensor& tensor, bool magnitudes) {
  const std::string name = std::string(kPeftPrefix) + module.module;
  const AdaptedPlace& place = tensor.place;
  const int64_t rows = place.source.rows, in = columns_of(place.entry->spec), rank = module.rank;
  if (tensor.table) {  // what is looked up is A; B makes a row of it
    const Layout turned{Layout::kTransposed};
    AdapterParameters made{.a = spec_of(name + ".lora_embedding_B", {rank, in}, Role::kMatrix, turned),
                           .b = spec_of(name + ".lora_embedding_A", {rows, rank}, Role::kMatrix, turned),
                           .magnitude = {}};
    made.a.init.std = 1;
    add_tied(made.a, module.tied_head, ".lora_A.weight", {});
    add_tied(made.b, module.tied_head, ".lora_B.weight", {});
    return made;
  }
  AdapterParameters made{.a = spec_of(name + ".lora_A.weight", {rank, in}, Role::kMatrix, {}),
                         .b = spec_of(name + ".lora_B.weight", {rows, rank}, Role::kMatrix, rows_of(place.source)),
                         .magnitude = {}};
  made.a.init.fill = [in](uint64_t seed, float* values, int64_t n) { fill_uniform(in, seed, values, n); };
  if (magnitudes)
    made.magnitude = spec_of(name + ".lora_magnitude_vector", {rows}, Role::kVector, rows_of(place.source));
  return made;
}

ParameterSpec whole_parameter(const WholeModule& module, const AdaptedTensor& tensor) {
  const AdaptedPlace& place = tensor.place;
  const Layout& layout = place.source.layout;
  ParameterSpec made = spec_of(std::string(kPeftPrefix) + module.module + ".weight",
                               {place.source.rows, columns_of(place.entry->spec)}, place.entry->spec.role, layout);
  add_tied(made, module.tied_head, ".weight", layout);
  return made;
}

}  // namespace malmoi::model
