#include "app/train/adapted_model.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "app/train/new_tokens.h"
#include "app/use/adapter_run.h"
#include "model/adapter.h"
#include "model/adapter_head.h"
#include "model/fingerprint.h"
#include "model/load.h"
#include "model/spellings.h"
#include "model/train_adapter.h"
#include "model/vocabulary_size.h"
#include "quantize/served_weights.h"

namespace malmoi::app {
namespace {

using quantize::FrozenPacker;
using train::TrainConfig;

// `vocabulary`: that the model was given.
Result<model::AdapterPlan> adapter_plan_of(const ConfigDocument& document, const TrainConfig& config,
                                           model::Vocabulary vocabulary, model::Model& model) {
  const train::AdapterOptions& options = *config.adapter;
  if (options.init_from) {
    MALMOI_ASSIGN(const model::AdapterFile file, model::open_adapter(adapter_at(*config.adapter->init_from)));
    MALMOI_ASSIGN(model::AdapterPlan plan, model::plan_adapter(model, file, options.base, {}));
    plan.vocabulary = std::move(vocabulary);
    return plan;
  }
  MALMOI_ASSIGN(const auto base, model::load_config(*config.init_from));
  return model::plan_adapter(model,
                             {.rank = options.rank,
                              .alpha = options.alpha,
                              .rank_stabilised = options.rank_stabilised,
                              .magnitudes = options.magnitudes,
                              .principal = options.principal,
                              .targets = options.targets,
                              .pattern = options.pattern,
                              .save_whole = options.save_whole,
                              .new_head = model::head_task(base->task()) != model::head_task(model.task()),
                              .vocabulary = std::move(vocabulary),
                              .base = options.base},
                             [&](const char* key) { return document.where("adapter." + std::string(key)); });
}

// What is trained whole starts from the values that the base has, not from blocks of them, and new rows from those of their pieces.
quantize::PackOptions pack_options(const TrainConfig& config, const model::AdapterPlan& plan,
                                   const model::Model& model) {
  quantize::PackOptions options{config.quantize->type, config.quantize->skip};
  for (const auto& entry : model.parameters.entries()) {
    const bool grows = plan.vocabulary.rows > 0 && model::has_row_for_each_token(model, *entry);
    for (const nn::Source& source : entry->spec.sources) {
      const bool is_whole = std::ranges::find(plan.whole, source.name, &model::WholeModule::tensor) != plan.whole.end();
      if (grows || is_whole) options.skip.push_back(model::module_name(source.name));
    }
  }
  return options;
}

// The setting that gives the model more tokens.
const char* vocabulary_key(const TrainConfig& config) {
  return config.adapter->init_from ? "adapter.init_from" : "adapter.new_tokens";
}

}  // namespace

Status describe_adapter(const ConfigDocument& document, const TrainConfig& config, model::Model& model) {
  if (model.companion)
    return usage_error("the objective " + config.objective.name + " trains a second model, which an adapter has not",
                       document.where("adapter"), "leave it out, or use another objective");
  MALMOI_ASSIGN(model::Vocabulary vocabulary, vocabulary_of(config, model));
  MALMOI_TRY(model::resize_vocabulary(model, vocabulary, false, document.where(vocabulary_key(config))));
  MALMOI_ASSIGN(model::AdapterPlan plan, adapter_plan_of(document, config, std::move(vocabulary), model));
  if (config.quantize) {
    MALMOI_ASSIGN(FrozenPacker packer,
                  FrozenPacker::make(model, pack_options(config, plan, model), document.where("model.quantize")));
    packer.describe();
  }
  model::put_adapter(model, std::move(plan),
                     {.purpose = model::Purpose::kRehearsal, .keep_initial = config.adapter->keep_initial});
  return {};
}

Result<std::unique_ptr<model::Model>> load_adapted_model(const TrainConfig& config, const model::Model& described,
                                                         const Warn& warn) {
  const model::AdapterPlan& plan = described.adapter->plan;
  std::optional<FrozenPacker> packer;
  auto pack = [&](model::Model& model, nn::ParameterSet::Entry& entry) -> Status {
    if (!packer) {
      MALMOI_ASSIGN(FrozenPacker made, FrozenPacker::make(model, pack_options(config, plan, model), "model.quantize"));
      packer.emplace(std::move(made));
    }
    return packer->pack(entry);
  };
  model::LoadOptions load{.purpose = model::Purpose::kServing,
                          .dtype = activation_type(config.precision),
                          .task = train::objective_entry(config.objective.name).task,
                          .labels = described.labels,
                          .seed = config.seed,
                          .new_head = model::has_whole_head(plan, described),
                          .warn = warn};
  if (config.quantize) load.filled = pack;
  MALMOI_ASSIGN(auto model, model::load_model(*config.init_from, load));
  if (packer && packer->done().matrices == 0)
    warn("none of the model's matrices has rows that fill blocks of " + config.quantize->type + ": none is packed");
  if (plan.keeps_tied && model->tied_head.tensor.empty())
    return invalid_data(
        "config.json says that the head is the table of words, but the weights have another matrix for it",
        *config.init_from, "say tie_word_embeddings: false there");
  MALMOI_TRY(model::resize_vocabulary(*model, plan.vocabulary, true, vocabulary_key(config)));
  model::put_adapter(*model, plan,
                     {.rate_of_b = config.adapter->lora_plus, .keep_initial = config.adapter->keep_initial});
  model->adapter->base = model::weights_fingerprint(*model);
  MALMOI_TRY(model->check_files());  // or weights were read as zeros
  if (!config.adapter->init_from) {
    model::start_adapter(*model, config.seed);
    return model;
  }
  MALMOI_ASSIGN(const model::AdapterFile file, model::open_adapter(adapter_at(*config.adapter->init_from)));
  MALMOI_TRY(model::fill_adapter(*model, file));
  return model;
}

}  // namespace malmoi::app
