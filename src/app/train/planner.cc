#include "app/train/planner.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/bench/product_rate.h"
#include "app/train/chats.h"
#include "app/train/choices.h"
#include "app/train/data.h"
#include "app/train/frozen.h"
#include "app/train/memory.h"
#include "app/train/new_model.h"
#include "app/train/rollouts.h"
#include "app/train/tables.h"
#include "base/log.h"

namespace malmoi::app {
namespace {

// Products reach about nine tenths of what they do alone; the rest of a step is memory's.
constexpr double kStepShare = 0.8;
constexpr double kMeasuredSeconds = 0.3;

// FLOP/s of products like those of a step: sizes beyond these change nothing, smaller ones measure the calls.
double measured_rate(int64_t rows, int64_t width, Precision precision) {
  rows = std::clamp<int64_t>(rows, 64, 4096);
  width = std::clamp<int64_t>(width, 32, 4096);
  return product_rate({.m = rows, .n = 4 * width, .k = width}, precision, kMeasuredSeconds);
}

// The least that a step of the model takes: one sequence at a time, blocks computed again.
std::string least_memory(const model::Model& model, const train::Objective& objective, train::TrainConfig config) {
  config.batch_size = 1;
  config.checkpointing = autograd::Checkpointing::kBlock;
  const auto least = unfitted_memory(model, objective, config);
  if (!least) return {};
  return fmt::format("; the least is {}, with batch_size 1 and checkpointing block",
                     format_bytes(static_cast<double>(least->plan.total())));
}

// Memory as the run would have it, or, where it does not fit, as the configuration asks for it.
Result<FittedMemory> fitted_or_asked(const model::Model& model, const train::Objective& objective,
                                     train::TrainConfig& config, const StopToken& stop, PlanReport& report) {
  auto fitted = fit_memory(model, objective, config, stop, report.machine_memory);
  if (fitted.ok() || fitted.error().code != ErrorCode::kOutOfMemory) return fitted;
  auto unfitted = unfitted_memory(model, objective, config);
  if (!unfitted) return fitted;
  report.does_not_fit = fitted.error().what;
  report.remedy = fitted.error().remedy + least_memory(model, objective, config);
  return *unfitted;
}

// The steps of the run: those that are given, that epochs make of the data (`rows`: of tables, chats and prompts), or that fit the
// minutes.
Result<int64_t> planned_steps(const train::TrainConfig& config, const tokenizer::Tokenizer* tokenizer,
                              const model::Model& model, uint64_t rows, double seconds_per_step) {
  if (config.steps > 0) return config.steps;
  if (config.minutes > 0) return std::max<int64_t>(static_cast<int64_t>(60 * config.minutes / seconds_per_step), 1);
  uint64_t examples = rows;
  if (examples == 0) {
    MALMOI_ASSIGN(examples, examples_of_epoch(config, tokenizer, model));
  }
  const double sequences = std::max(std::round(config.epochs * static_cast<double>(examples)), 1.0);
  return static_cast<int64_t>(std::ceil(sequences / static_cast<double>(config.sequences_per_step())));
}

Result<train::TrainConfig> planned_config(const ConfigDocument& document) {
  MALMOI_ASSIGN(train::TrainConfig config, train::parse_train_config(document));
  MALMOI_TRY(resolve_init_from(config, {}));
  keep_reference(config);
  if (config.fastest_precision) config.precision = fastest_precision();
  return config;
}

bool is_object_at(const Json& root, const char* key) { return root.contains(key) && root[key].is_object(); }

}  // namespace

Result<Planner> Planner::open(const ConfigDocument& document, const PlanOptions& options, const StopToken& stop) {
  MALMOI_ASSIGN(train::TrainConfig config, planned_config(document));
  MALMOI_TRY(measure_arrays(config));
  Planner planner;
  planner.options_ = options;
  planner.stop_ = stop;
  planner.machine_memory_ = machine_memory();
  if (options.memory) {
    MALMOI_ASSIGN(planner.machine_memory_, train::parse_bytes(*options.memory, "--memory"));
  }
  MALMOI_ASSIGN(planner.tokenizer_, open_tokenizer(config));
  MALMOI_ASSIGN(Tables tables, read_tables(config));
  find_negatives(tables, config);
  planner.negatives_ = config.objective.contrast.negatives;
  planner.labels_ = tables.labels;
  const Job quiet{.progress = {}, .message = {}, .warn = {}, .stop = stop};
  if (config.data.has_text_rows()) {  // the rows' length is what a step's memory follows from
    MALMOI_ASSIGN(auto model, describe_model(document, config, planner.tokenizer_.get(), tables.labels));
    PreparedData rows;
    if (config.data.format == train::DataFormat::kTable) {
      MALMOI_ASSIGN(rows, encode_tables(tables, config, *planner.tokenizer_, *model, quiet));
    } else {
      MALMOI_ASSIGN(rows, prepare_chats(config, *planner.tokenizer_, *model, quiet));
    }
    planner.rows_ = rows.train->size();
    planner.row_tokens_ = static_cast<double>(rows.train->tokens()) / static_cast<double>(rows.train->size());
    if (rows.valid) planner.valid_tokens_ = rows.valid->tokens();
  } else if (config.data.format == train::DataFormat::kPrompts) {
    MALMOI_ASSIGN(auto model, describe_model(document, config, planner.tokenizer_.get(), tables.labels));
    MALMOI_ASSIGN(planner.rows_, answers_of_epoch(config, *model, *planner.tokenizer_));
  }
  planner.length_ = config.data.sequence_length;
  return planner;
}

double Planner::rate(const train::TrainConfig& config, int64_t width) const {
  if (options_.rate) return *options_.rate;
  auto [known, is_new] = rates_.try_emplace(config.precision, 0);
  if (is_new) known->second = measured_rate(config.batch_size * length_, width, config.precision);
  return known->second;
}

Result<PlanReport> Planner::plan(const ConfigDocument& document) const {
  MALMOI_ASSIGN(train::TrainConfig config, planned_config(document));
  config.data.sequence_length = length_;
  config.objective.contrast.negatives = negatives_;
  MALMOI_ASSIGN(auto model, describe_model(document, config, tokenizer_.get(), labels_));
  MALMOI_ASSIGN(const OpenedFrozen frozen, open_frozen(config, *model, false, {}));
  const auto objective = train::make_objective(config.objective, frozen.frozen);
  PlanReport report;
  report.machine_memory = machine_memory_;
  MALMOI_ASSIGN(FittedMemory memory, fitted_or_asked(*model, *objective, config, stop_, report));
  report.way = way_name(document);
  report.architecture = model->model_type();
  report.parameters = model->parameter_count();
  if (model->adapter) report.adapter_parameters = model->adapter->parameters.count();
  report.tokens_per_step =
      config.sequences_per_step() * train::tokens_per_example(*objective, config.data.sequence_length);
  if (row_tokens_ > 0)
    report.tokens_per_step = std::llround(static_cast<double>(config.sequences_per_step()) * row_tokens_);
  report.flops_per_token = train::training_flops_per_token(*model, *objective, config.data.sequence_length);
  report.batch_size = config.batch_size;
  report.gradient_accumulation = config.gradient_accumulation;
  report.checkpointing = level_name(memory.level);
  report.memory = memory.plan;
  report.dtype = precision_name(config.precision);
  report.measured = !options_.rate;
  report.flops_per_second = rate(config, model->hidden_size());
  report.seconds_per_step = report.flops_per_step() / (kStepShare * report.flops_per_second);
  MALMOI_ASSIGN(report.steps, planned_steps(config, tokenizer_.get(), *model, rows_, report.seconds_per_step));
  return report;
}

std::string_view way_name(const ConfigDocument& document) {
  const Json& root = document.root;
  if (!root.contains("adapter") || root["adapter"].is_null()) return kFullWay;
  const bool packed = is_object_at(root, "model") && is_object_at(root["model"], "quantize");
  return packed ? kQloraWay : kLoraWay;
}

std::vector<TrainingWay> ways_of(const ConfigDocument& document) {
  std::vector<TrainingWay> ways{{kFullWay, document}, {kLoraWay, document}, {kQloraWay, document}};
  for (TrainingWay& way : ways) {
    Json& root = way.document.root;
    constexpr int kUsualRank = 16;
    if (way.name == kFullWay) root.erase("adapter");
    else if (!is_object_at(root, "adapter")) root["adapter"] = {{"r", kUsualRank}};
    if (way.name != kFullWay && is_object_at(root, "train")) root["train"].erase("freeze");  // the whole base is frozen
    if (!is_object_at(root, "model")) root["model"] = Json::object();
    Json& model = root["model"];
    if (way.name != kQloraWay) model.erase("quantize");
    else if (!is_object_at(model, "quantize")) model["quantize"] = {{"type", "q8_0"}};
  }
  return ways;
}

}  // namespace malmoi::app
