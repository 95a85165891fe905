#include "app/train/frozen.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/use/generate.h"
#include "model/load.h"
#include "train/known_reference.h"
#include "train/sampled_teacher.h"

namespace malmoi::app {
namespace {

using train::Beside;
using train::TrainConfig;

// As model/train_adapter.h counts them.
constexpr int32_t kInitialAdapter = 1, kNoAdapter = -1;

// The folder that is asked, and the setting that names it.
struct AskedModel {
  std::string folder;
  const char* where;
};

Result<AskedModel> asked_model(const TrainConfig& config, Beside beside) {
  if (beside == Beside::kTeacher) return AskedModel{config.objective.distillation.teacher, "objective.teacher"};
  if (!config.objective.reference.empty()) return AskedModel{config.objective.reference, "objective.reference"};
  if (config.init_from) return AskedModel{*config.init_from, "model.init_from"};
  return usage_error("'" + config.objective.name + "' holds the model to a reference, and there is none",
                     "objective.reference", "name a model's folder, or begin with model.init_from");
}

Status check_frozen(const model::Model& frozen, const model::Model& described, const TrainConfig& config,
                    const AskedModel& asked) {
  const std::string where = std::string(asked.where) + ": " + asked.folder;
  if (frozen.vocab_size() != described.vocab_size())
    return usage_error(fmt::format("has a vocabulary of {}, the model to be trained one of {}", frozen.vocab_size(),
                                   described.vocab_size()),
                       where, "use a model with the same tokenizer");
  const int64_t longest = std::min(config.data.sequence_length, described.max_positions());
  if (longest > frozen.max_positions())
    return usage_error(fmt::format("has {} positions, the data {}", frozen.max_positions(), longest), where,
                       "shorten data.sequence_length, or the rows");
  return {};
}

}  // namespace

void keep_reference(TrainConfig& config) {
  if (!config.adapter || !config.objective.reference.empty()) return;
  if (train::beside(config.objective) != Beside::kReference) return;
  config.adapter->keep_initial = config.adapter->init_from.has_value();  // a new one changes nothing as it begins
}

Result<OpenedFrozen> open_frozen(const TrainConfig& config, const model::Model& described, bool weights,
                                 const Job& job) {
  const train::ObjectiveEntry& entry = train::objective_entry(config.objective.name);
  const Beside beside = train::beside(config.objective);
  OpenedFrozen opened;
  if (beside == Beside::kNothing) return opened;
  if (beside == Beside::kReference && config.objective.reference.empty() && config.adapter) {
    // What the adapter stands around, or a copy of the adapter as it was.
    opened.frozen.adapter = {config.adapter->keep_initial ? kInitialAdapter : kNoAdapter};
    return opened;
  }
  MALMOI_ASSIGN(AskedModel asked, asked_model(config, beside));
  if (config.objective.precompute_reference && config.objective.reference.empty()) return opened;
  MALMOI_ASSIGN(const Path folder, find_model(asked.folder, job.message));
  asked.folder = folder.string();
  const DType type = activation_type(config.precision);
  if (weights) {
    MALMOI_ASSIGN(
        opened.model,
        model::load_model(folder,
                          {.purpose = model::Purpose::kServing, .dtype = type, .task = entry.task, .warn = job.warn}));
  } else {
    MALMOI_ASSIGN(opened.model, model::load_config(folder, entry.task));
    opened.model->parameters.allocate(model::Purpose::kRehearsal, type);
  }
  MALMOI_TRY(check_frozen(*opened.model, described, config, asked));
  opened.frozen.model = opened.model.get();
  return opened;
}

Status know_reference(const TrainConfig& config, const model::Model& model, size_t arena_bytes, OpenedFrozen& frozen,
                      PreparedData& data, const Job& job) {
  if (!config.objective.precompute_reference) return {};
  const train::ReferencePass pass{
      .trained = model, .reference = frozen.frozen, .batch_size = config.batch_size, .arena_bytes = arena_bytes};
  for (auto* rows : {&data.train, &data.valid}) {
    if (!*rows) continue;
    MALMOI_ASSIGN(train::ReferenceSums sums, train::know_reference(**rows, pass, Path(config.out) / "data", job));
    *rows = std::make_unique<train::KnownReference>(std::move(*rows), std::move(sums));
  }
  frozen = {};
  return {};
}

Status know_teacher(const TrainConfig& config, const model::Model& model, size_t arena_bytes, OpenedFrozen& frozen,
                    PreparedData& data, const Job& job) {
  const train::DistillationConfig& options = config.objective.distillation;
  if (options.samples == 0) return {};
  const train::ReferencePass pass{
      .trained = model, .reference = frozen.frozen, .batch_size = config.batch_size, .arena_bytes = arena_bytes};
  const train::DrawOptions draws{.samples = options.samples, .temperature = options.temperature, .seed = config.seed};
  for (auto* rows : {&data.train, &data.valid}) {
    if (!*rows) continue;
    MALMOI_ASSIGN(train::TaughtFile taught, train::know_teacher(**rows, pass, draws, Path(config.out) / "data", job));
    *rows = std::make_unique<train::SampledTeacher>(std::move(*rows), std::move(taught));
  }
  frozen = {};
  return {};
}

}  // namespace malmoi::app
