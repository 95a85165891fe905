#include "app/train/plan.h"

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
Result<FittedMemory> plan_memory(const model::Model& model, const train::Objective& objective,
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

}  // namespace

Result<PlanReport> plan(const ConfigDocument& document, const PlanOptions& options, const StopToken& stop) {
  MALMOI_ASSIGN(train::TrainConfig config, train::parse_train_config(document));
  MALMOI_TRY(resolve_init_from(config, {}));
  keep_reference(config);
  MALMOI_TRY(measure_arrays(config));
  if (config.fastest_precision) config.precision = fastest_precision();
  MALMOI_ASSIGN(auto tokenizer, open_tokenizer(config));
  MALMOI_ASSIGN(Tables tables, read_tables(config));
  find_negatives(tables, config);
  MALMOI_ASSIGN(auto model, describe_model(document, config, tokenizer.get(), tables.labels));
  MALMOI_ASSIGN(const OpenedFrozen frozen, open_frozen(config, *model, false, {}));
  const auto objective = train::make_objective(config.objective, frozen.frozen);
  uint64_t rows = tables.train.size();
  if (!tables.train.empty()) {  // the rows' length is what a step's memory follows from
    auto encoded = encode_tables(tables, config, *tokenizer, *model, {});
    if (!encoded.ok()) return encoded.error();
  } else if (config.data.format == train::DataFormat::kChat) {
    MALMOI_ASSIGN(const PreparedData chats,
                  prepare_chats(config, *tokenizer, *model, {.progress = {}, .message = {}, .warn = {}, .stop = stop}));
    rows = chats.train->size();
  } else if (config.data.format == train::DataFormat::kPrompts) {
    MALMOI_ASSIGN(rows, answers_of_epoch(config, *model, *tokenizer));
  }
  PlanReport report;
  report.machine_memory = machine_memory();
  if (options.memory) {
    MALMOI_ASSIGN(report.machine_memory, train::parse_bytes(*options.memory, "--memory"));
  }
  MALMOI_ASSIGN(FittedMemory memory, plan_memory(*model, *objective, config, stop, report));
  report.architecture = model->model_type();
  report.parameters = model->parameter_count();
  if (model->adapter) report.adapter_parameters = model->adapter->parameters.count();
  report.tokens_per_step =
      config.sequences_per_step() * train::tokens_per_example(*objective, config.data.sequence_length);
  report.flops_per_token = train::training_flops_per_token(*model, *objective, config.data.sequence_length);
  report.batch_size = config.batch_size;
  report.gradient_accumulation = config.gradient_accumulation;
  report.checkpointing = level_name(memory.level);
  report.memory = memory.plan;
  report.dtype = precision_name(config.precision);
  report.measured = !options.rate;
  report.flops_per_second = options.rate ? *options.rate
                                         : measured_rate(config.batch_size * config.data.sequence_length,
                                                         model->hidden_size(), config.precision);
  report.seconds_per_step = report.flops_per_step() / (kStepShare * report.flops_per_second);
  MALMOI_ASSIGN(report.steps, planned_steps(config, tokenizer.get(), *model, rows, report.seconds_per_step));
  return report;
}

}  // namespace malmoi::app
