#include "app/use/extract_adapter.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "app/use/generate.h"
#include "base/parallel.h"
#include "model/adapter_parameters.h"
#include "model/load.h"
#include "model/principal_part.h"
#include "model/save.h"
#include "model/train_adapter.h"

namespace malmoi::app {
namespace {

using model::AdaptedPlace;
using Entry = nn::ParameterSet::Entry;

Status check_alike(const model::Model& base, const model::Model& other, const std::string& where) {
  const auto &ours = base.parameters.entries(), &theirs = other.parameters.entries();
  const bool alike = ours.size() == theirs.size() && std::ranges::equal(ours, theirs, [](const auto& a, const auto& b) {
                       return a->spec.name == b->spec.name && a->spec.shape == b->spec.shape;
                     });
  if (alike) return {};
  return invalid_data("the two models have other tensors, or the same in other sizes", where,
                      "give a model that was trained on from the base");
}

// The matrix of the same name in the other model, minus that of the base.
class Differences {
 public:
  Differences(model::Model& base, model::Model& other) {
    for (auto& tensor : model::adapted_tensors(base)) ours_.emplace(tensor.name, tensor.place);
    for (auto& tensor : model::adapted_tensors(other)) theirs_.emplace(tensor.name, tensor.place);
  }
  Tensor of(const std::string& name) {
    const Tensor base = base_values_.of(ours_.at(name)), other = other_values_.of(theirs_.at(name));
    Tensor difference = Tensor::zeros(DType::kF32, base.shape());
    const float *from = base.as<float>(), *changed = other.as<float>();
    float* to = difference.as<float>();
    constexpr int64_t kGrain = 1 << 15;
    parallel_for(difference.elements(), kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) to[i] = changed[i] - from[i];
    });
    return difference;
  }

 private:
  std::map<std::string, AdaptedPlace> ours_, theirs_;
  model::PlaceValues base_values_, other_values_;
};

double squares_of(const Tensor& values) {
  double sum = 0;
  for (int64_t i = 0; i < values.elements(); ++i)
    sum += static_cast<double>(values.as<float>()[i]) * static_cast<double>(values.as<float>()[i]);
  return sum;
}

// difference -= B A.
void take_away(const autograd::Parameter& a, const autograd::Parameter& b, Tensor& difference) {
  const int64_t rank = a.shape[0], in = a.shape[1];
  const float *a_values = a.master.as<float>(), *b_values = b.master.as<float>();
  float* to = difference.as<float>();
  parallel_for(b.shape[0], 16, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      for (int64_t k = 0; k < rank; ++k) {
        const float by = b_values[r * rank + k];
        for (int64_t c = 0; c < in; ++c) to[r * in + c] -= by * a_values[k * in + c];
      }
    }
  });
}

// Published tensors that differ, of those that the adapter has nothing of.
std::vector<std::string> differ_beside(const model::Model& base, const model::Model& other) {
  std::set<std::string> held;
  for (const model::AdaptedModule& module : base.adapter->plan.modules) held.insert(module.tensor);
  std::vector<std::string> names;
  for (size_t i = 0; i < base.parameters.entries().size(); ++i) {
    const Entry &ours = *base.parameters.entries()[i], &theirs = *other.parameters.entries()[i];
    const Tensor &a = ours.parameter.compute, &b = theirs.parameter.compute;
    const int64_t rows = a.shape().rank() == 1 ? a.elements() : a.shape().rows(), width = a.elements() / rows;
    for (const nn::Source& source : ours.spec.sources) {
      const int64_t begin = source.row_begin * width, end = begin + source.rows * width;
      const bool same = std::equal(a.as<float>() + begin, a.as<float>() + end, b.as<float>() + begin);
      if (!same && !held.contains(source.name)) names.push_back(source.name);
    }
  }
  return names;
}

}  // namespace

Json to_json(const ExtractReport& report) {
  return {{"modules", report.modules}, {"rank", report.rank}, {"error", report.error}, {"left_out", report.left}};
}

Result<ExtractReport> extract_adapter(const ExtractOptions& options, const Job& job) {
  MALMOI_ASSIGN(const Path base_folder, find_model(options.base, job.message));
  MALMOI_ASSIGN(const Path folder, find_model(options.model, job.message));
  MALMOI_ASSIGN(auto base, model::load_model(base_folder, {.keep_packed = false, .warn = job.warn}));
  MALMOI_ASSIGN(auto other, model::load_model(folder, {.keep_packed = false, .warn = job.warn}));
  MALMOI_TRY(check_alike(*base, *other, folder.string()));
  MALMOI_ASSIGN(model::AdapterPlan plan,
                model::plan_adapter(*base,
                                    {.rank = options.rank,
                                     .alpha = static_cast<double>(options.rank),
                                     .targets = options.targets,
                                     .pattern = {},
                                     .base = lasting_name(options.base, base_folder)},
                                    [](const char* key) { return std::string(key) == "r" ? "--rank" : "--target"; }));
  model::put_adapter(*base, std::move(plan), {});
  Differences differences(*base, *other);
  ExtractReport report{.modules = base->adapter->plan.modules.size(), .rank = options.rank, .error = 0, .left = {}};
  double whole = 0, left = 0;
  auto entry = base->adapter->parameters.entries().begin();
  for (size_t i = 0; i < report.modules; ++i) {
    MALMOI_TRY(job.stop.check("", "run it again", "stopped while extracting"));
    Tensor difference = differences.of(base->adapter->plan.modules[i].tensor);
    autograd::Parameter &a = (*entry++)->parameter, &b = (*entry++)->parameter;
    if (a.name.ends_with("lora_embedding_B"))
      return unsupported("a table is looked up by rows, which are extracted from products alone", "--target",
                         "name modules of the layers");
    whole += squares_of(difference);
    model::write_factors(model::principal_part(difference, options.rank, i), 1, a.master.as<float>(),
                         b.master.as<float>());
    take_away(a, b, difference);
    left += squares_of(difference);
    if (job.progress.due()) job.progress(fmt::format("{} of {} modules", i + 1, report.modules));
  }
  report.error = whole > 0 ? std::sqrt(left / whole) : 0;
  report.left = differ_beside(*base, *other);
  if (!report.left.empty())
    job.warn(fmt::format("tensors that differ and that the adapter does not hold: {}, such as {}", report.left.size(),
                         report.left.front()));
  MALMOI_TRY(base->check_files());
  MALMOI_TRY(other->check_files());
  MALMOI_TRY(model::save_adapter(*base->adapter, options.out));
  return report;
}

}  // namespace malmoi::app
