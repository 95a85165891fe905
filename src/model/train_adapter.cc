#include "model/train_adapter.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>

#include "autograd/adapted_weight.h"
#include "autograd/replaced_weight.h"
#include "base/parallel.h"
#include "model/adapter_names.h"
#include "model/adapter_parameters.h"
#include "model/finite.h"
#include "model/layout.h"
#include "model/principal_part.h"
#include "model/stored_values.h"

namespace malmoi::model {
namespace {

using autograd::AdaptedWeight;
using autograd::LowRank;
using PartsOfAdapters = std::vector<AdaptedWeight::Parts>;

// The parameters of one module within their set.
LowRank declare_part(nn::ParameterSet& set, const AdapterParameters& specs, const AdaptedModule& module,
                     int64_t row_begin) {
  LowRank part{.row_begin = row_begin, .scale = module.scale};
  part.a = set.add(specs.a);
  part.b = set.add(specs.b);
  if (specs.magnitude) part.magnitude = set.add(*specs.magnitude);
  return part;
}

bool names_tensor(const AdapterPlan& plan, const std::string& tensor) {
  const auto has_name = [&](const auto& module) { return module.tensor == tensor; };
  return std::ranges::any_of(plan.modules, has_name) || std::ranges::any_of(plan.whole, has_name);
}

// Table and head are adapted each by itself, as PEFT has it, unless they are kept together.
void settle_tied_head(Model& model, const AdapterPlan& plan) {
  if (plan.keeps_tied || !model.head || model.tied_head.tensor.empty() || has_head_of_its_own(model)) return;
  const nn::ParameterSet::Entry& words = entry_of(model, model.head->weight->parameter());
  if (names_tensor(plan, model.tied_head.tensor) || names_tensor(plan, words.spec.sources[0].name))
    model.separate_head();
}

std::map<std::string, AdaptedTensor> tensors_by_name(Model& model) {
  std::map<std::string, AdaptedTensor> tensors;
  for (AdaptedTensor& tensor : adapted_tensors(model)) {
    std::string name = tensor.name;
    tensors.emplace(std::move(name), std::move(tensor));
  }
  return tensors;
}

void write_norms(const Tensor& matrix, float* norms) {
  const int64_t in = matrix.shape().columns();
  const float* from = matrix.as<float>();
  parallel_for(matrix.shape().rows(), 64, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      double sum = 0;
      for (int64_t c = 0; c < in; ++c)
        sum += static_cast<double>(from[r * in + c]) * static_cast<double>(from[r * in + c]);
      norms[r] = static_cast<float>(std::sqrt(sum));
    }
  });
}

// Masters are rounded to what products read, so that what is taken away is what was put there.
void start_principal(const Tensor& matrix, double scale, uint64_t seed, Parameter& a, Parameter& b) {
  write_factors(principal_part(matrix, a.shape[0], seed), scale, a.master.as<float>(), b.master.as<float>());
  for (Parameter* parameter : {&a, &b}) {
    if (parameter->compute.dtype() != DType::kBF16) continue;
    float* values = parameter->master.as<float>();
    for (int64_t i = 0; i < parameter->master.elements(); ++i) values[i] = to_float(to_bf16(values[i]));
  }
}

// The low-rank matrices of the modules, by slot and adapter. PiSSA's first ones are taken away without changing the weights, which
// may lie in a file.
using PartsOfSlots = std::map<nn::WeightSlot*, PartsOfAdapters>;
PartsOfSlots declare_parts(TrainedAdapter& adapter, const std::map<std::string, AdaptedTensor>& tensors,
                           const PutOptions& options) {
  PartsOfSlots made;
  for (const AdaptedModule& module : adapter.plan.modules) {
    const AdaptedTensor& tensor = tensors.at(module.tensor);
    const AdapterParameters specs = adapter_parameters(module, tensor, adapter.plan.magnitudes);
    PartsOfAdapters& of_slot = made[tensor.place.slot];
    of_slot.resize(options.keep_initial ? 2 : 1);
    const LowRank& part =
        of_slot[0].emplace_back(declare_part(adapter.parameters, specs, module, tensor.place.source.row_begin));
    if (!tensor.table) part.b->rate = options.rate_of_b;
    if (part.magnitude) part.magnitude->rate = options.rate_of_b;
    if (!options.keep_initial && !adapter.plan.principal) continue;
    LowRank initial = declare_part(adapter.initial, specs, module, tensor.place.source.row_begin);
    if (options.keep_initial) of_slot[1].push_back(initial);
    if (!adapter.plan.principal) continue;
    initial.scale = -initial.scale;
    for (AdaptedWeight::Parts& of_adapter : of_slot) of_adapter.push_back(initial);
  }
  return made;
}

// Matrices in the place of the model's, behind the low-rank ones in their sets.
using WholeOfSlots = std::map<nn::WeightSlot*, std::vector<Parameter*>>;
WholeOfSlots declare_whole(TrainedAdapter& adapter, const std::map<std::string, AdaptedTensor>& tensors,
                           bool keep_initial) {
  WholeOfSlots made;
  for (const WholeModule& module : adapter.plan.whole) {
    const AdaptedTensor& tensor = tensors.at(module.tensor);
    std::vector<Parameter*>& of_slot = made[tensor.place.slot];
    of_slot.push_back(adapter.parameters.add(whole_parameter(module, tensor)));
    if (keep_initial) of_slot.push_back(adapter.initial.add(whole_parameter(module, tensor)));
  }
  return made;
}

// As the file has the matrix, where what products read of it is rounded.
void start_whole(const AdaptedPlace& place, PlaceValues& matrices, nn::ParameterSet::Entry& entry) {
  const auto& originals = place.entry->originals;
  Tensor& master = entry.parameter.master;
  if (originals.size() == 1)
    return copy_in(originals[0].bytes, originals[0].type, entry.spec, entry.spec.sources[0], master);
  const Tensor values = matrices.of(place);
  std::memcpy(master.data(), values.data(), values.bytes());
}

void keep_initial(TrainedAdapter& adapter) {
  auto& initial = adapter.initial.entries();
  for (size_t i = 0; i < initial.size(); ++i) {
    const Tensor& from = adapter.parameters.entries()[i]->parameter.compute;
    std::memcpy(initial[i]->parameter.compute.data(), from.data(), from.bytes());
  }
}

Status fill_parameter(nn::ParameterSet::Entry& entry, const formats::StoredTensor& tensor, const std::string& where) {
  const nn::Source& source = entry.spec.sources[0];
  MALMOI_ASSIGN(const std::vector<float> values, stored_values(tensor, where));
  copy_in(std::as_bytes(std::span(values)), DType::kF32, entry.spec, source, entry.parameter.master);
  return check_finite(entry.parameter.master, entry.spec, source, tensor.name, where);
}

}  // namespace

void put_adapter(Model& model, AdapterPlan plan, const PutOptions& options) {
  for (auto& entry : model.parameters.entries()) entry->parameter.trainable = false;
  settle_tied_head(model, plan);
  model.adapter = std::make_unique<TrainedAdapter>();
  TrainedAdapter& adapter = *model.adapter;
  adapter.plan = std::move(plan);
  const std::map<std::string, AdaptedTensor> tensors = tensors_by_name(model);
  PartsOfSlots parts = declare_parts(adapter, tensors, options);
  const WholeOfSlots whole = declare_whole(adapter, tensors, options.keep_initial);
  const bool of_experts = std::ranges::any_of(adapter.plan.modules, [&](const auto& module) {
    return tensors.at(module.tensor).place.entry->slots.size() > 1;
  });
  model.mixes_adapters = keeps_rows(model) && !of_experts && whole.empty();
  for (auto& entry : adapter.initial.entries()) entry->parameter.trainable = false;
  adapter.parameters.allocate(options.purpose, model.dtype());
  adapter.initial.allocate(options.purpose, model.dtype());
  for (auto& [slot, of_slot] : parts) {
    slot->wrap([&](std::unique_ptr<autograd::Weight> base) {
      return std::make_unique<AdaptedWeight>(std::move(base), std::move(of_slot));
    });
  }
  for (const auto& [slot, of_slot] : whole) {
    slot->wrap([&](std::unique_ptr<autograd::Weight> base) {
      return std::make_unique<autograd::ReplacedWeight>(std::move(base), of_slot);
    });
  }
  model.num_adapters = options.keep_initial ? 2 : 1;
}

void start_adapter(Model& model, uint64_t seed) {
  TrainedAdapter& adapter = *model.adapter;
  adapter.parameters.initialize(seed);
  auto entry = adapter.parameters.entries().begin();
  const std::map<std::string, AdaptedTensor> tensors = tensors_by_name(model);
  PlaceValues matrices;
  for (const AdaptedModule& module : adapter.plan.modules) {
    const AdaptedPlace& place = tensors.at(module.tensor).place;
    Parameter &a = (*entry++)->parameter, &b = (*entry++)->parameter;
    if (adapter.plan.principal) start_principal(matrices.of(place), module.scale, seed, a, b);
    if (adapter.plan.magnitudes) write_norms(matrices.of(place), (*entry++)->parameter.master.as<float>());
  }
  for (const WholeModule& module : adapter.plan.whole)
    start_whole(tensors.at(module.tensor).place, matrices, **entry++);
  adapter.parameters.refresh_compute();
  keep_initial(adapter);
}

Status fill_adapter(Model& model, const AdapterFile& file) {
  TrainedAdapter& adapter = *model.adapter;
  MALMOI_ASSIGN(const AdapterNames names, AdapterNames::make(file, model));
  const std::map<std::string, AdaptedTensor> tensors = tensors_by_name(model);
  auto entry = adapter.parameters.entries().begin();
  for (const AdaptedModule& module : adapter.plan.modules) {
    const AdaptedTensor& tensor = tensors.at(module.tensor);
    const AdapterNames::Module* found = names.module_of(module.tensor);
    MALMOI_ASSIGN(const Factors factors, names.factors(*found, tensor.place.source, tensor.table));
    MALMOI_TRY(fill_parameter(**entry++, *factors.a, file.where));
    MALMOI_TRY(fill_parameter(**entry++, *factors.b, file.where));
    if (adapter.plan.magnitudes) MALMOI_TRY(fill_parameter(**entry++, *found->second.magnitude, file.where));
  }
  for (const WholeModule& module : adapter.plan.whole)
    MALMOI_TRY(fill_parameter(**entry++, *names.whole_of(module.tensor), file.where));
  MALMOI_TRY(file.check_files());  // or zeros were read
  adapter.parameters.refresh_compute();
  keep_initial(adapter);
  return {};
}

}  // namespace malmoi::model
