#include "train/checkpoint_parts.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"

namespace malmoi::train {
namespace {

// Writing checkpoints by the clock takes no more than about a twentieth of the time.
constexpr double kLeastRestFromSaving = 20;

}  // namespace

std::vector<CheckpointTensor> checkpoint_tensors(const model::Model& model, Optimizer& optimizer,
                                                 const std::vector<Tensor>* ema) {
  const std::vector<Entry*> trained = trainable_entries(model);  // frozen weights come from where they came from
  std::vector<CheckpointTensor> list;
  for (const Entry* entry : trained) list.push_back({entry->parameter.name, entry->parameter.master});
  for (StateTensor& s : optimizer.state()) list.push_back({s.name, s.values});
  for (size_t i = 0; ema && i < ema->size(); ++i) list.push_back({trained[i]->parameter.name + "/ema", (*ema)[i]});
  return list;
}

std::string model_fingerprint(const model::Model& model) {
  std::string configs = dump_json(model.config());
  if (model.companion) configs += dump_json(model.companion->config());
  if (const model::TrainedAdapter* adapter = model.adapter.get()) {
    configs += adapter->base + (adapter->plan.principal ? " pissa" : "");
    for (const model::AdaptedModule& module : adapter->plan.modules)
      configs += fmt::format(" {} {} {}", module.tensor, module.rank, module.scale);
    if (adapter->plan.keeps_tied) configs += " tied";
    for (const model::WholeModule& module : adapter->plan.whole) configs += " whole " + module.tensor;
  }
  return to_hex(hash128(configs));
}

double seconds_between_saves(double save_minutes, double save_seconds) {
  return std::max(60 * save_minutes, kLeastRestFromSaving * save_seconds);
}

}  // namespace malmoi::train
