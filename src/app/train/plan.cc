#include "app/train/plan.h"

#include <algorithm>

#include "app/bench/product_rate.h"
#include "app/train/data.h"
#include "app/train/memory.h"
#include "app/train/new_model.h"

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

}  // namespace

Result<PlanReport> plan(const ConfigDocument& document, const StopToken& stop) {
  MALMOI_ASSIGN(train::TrainConfig config, train::parse_train_config(document));
  MALMOI_TRY(measure_arrays(config));
  const auto objective = train::make_objective(config.objective);
  MALMOI_ASSIGN(auto tokenizer, open_tokenizer(config));
  MALMOI_ASSIGN(auto model, describe_model(document, config, tokenizer.get()));
  MALMOI_ASSIGN(FittedMemory memory, fit_memory(*model, *objective, config, stop));
  PlanReport report;
  report.architecture = model->model_type();
  report.parameters = model->parameter_count();
  report.tokens_per_step = config.sequences_per_step() * config.data.sequence_length;
  report.flops_per_token = train::training_flops_per_token(*model, *objective, config.data.sequence_length);
  report.batch_size = config.batch_size;
  report.gradient_accumulation = config.gradient_accumulation;
  report.checkpointing = level_name(memory.level);
  report.memory = memory.plan;
  report.measured_flops_per_second =
      measured_rate(config.batch_size * config.data.sequence_length, model->hidden_size(), config.precision);
  report.seconds_per_step = report.flops_per_step() / (kStepShare * report.measured_flops_per_second);
  if (config.steps > 0) report.steps = config.steps;
  return report;
}

}  // namespace malmoi::app
