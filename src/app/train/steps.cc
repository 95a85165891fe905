#include "app/train/steps.h"

#include <algorithm>

#include "base/log.h"
#include "train/optimizer.h"

namespace malmoi::app {
namespace {

train::StepperOptions stepper_options(const StepsInput& input) {
  const train::TrainConfig& config = input.config;
  return {.checkpointing = input.memory.level,
          .seed = config.seed,
          .grad_clip = config.grad_clip,
          .arena_bytes = arena_bytes(input.memory.plan),
          .int8_products = config.precision == Precision::kInt8};
}

// The first step touches memory and makes code; the median of the others passes over what else the machine did.
constexpr size_t kTimedSteps = 3;
constexpr double kPatience = 2;  // times as long as asked for, where steps are slow

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

double timed_step(const StepsInput& input, train::Stepper& stepper, int64_t step) {
  const train::TrainConfig& config = input.config;
  const double begin = monotonic_seconds();
  stepper.step(
      config.gradient_accumulation,
      [&](int64_t i, train::Examples& out) {
        const int64_t first = (step * config.gradient_accumulation + i) * config.batch_size;
        for (int64_t b = 0; b < config.batch_size; ++b) input.data.train->append(static_cast<uint64_t>(first + b), out);
      },
      static_cast<uint64_t>(step * config.gradient_accumulation), step + 1, config.optimizer.lr);
  return monotonic_seconds() - begin;
}

double timed_evaluation(const StepsInput& input, train::Stepper& stepper) {
  const train::ExampleSource& valid = *input.data.valid;
  train::Examples batch;
  const uint64_t rows = std::min(static_cast<uint64_t>(input.config.batch_size), valid.size());
  for (uint64_t n = 0; n < rows; ++n) valid.append(n, batch);
  const double begin = monotonic_seconds();
  stepper.evaluate(batch, input.objective.count(batch));
  const double batches = static_cast<double>(valid.size()) / static_cast<double>(rows);
  return (monotonic_seconds() - begin) * batches;
}

}  // namespace

Result<Speed> measure_speed(const StepsInput& input, double seconds, const Job& job) {
  auto optimizer = train::make_optimizer(input.config.optimizer, input.model.parameters);
  MALMOI_ASSIGN(train::Stepper stepper,
                train::Stepper::create(input.model, input.objective, *optimizer, stepper_options(input)));
  const double begin = monotonic_seconds();
  timed_step(input, stepper, 0);
  std::vector<double> steps;
  do {
    MALMOI_TRY(job.stop.check("", "run it again", "stopped while measuring the speed"));
    steps.push_back(timed_step(input, stepper, static_cast<int64_t>(steps.size()) + 1));
  } while (monotonic_seconds() < begin + (steps.size() < kTimedSteps ? kPatience : 1) * seconds);
  Speed speed{.step_seconds = median(std::move(steps))};
  if (input.data.valid) speed.evaluation_seconds = timed_evaluation(input, stepper);
  return speed;
}

Result<train::LoopResult> run_steps(const StepsInput& input, RunDisplay& display, SampleWriter& samples,
                                    const ModelExport& exports, const Job& job) {
  auto optimizer = train::make_optimizer(input.config.optimizer, input.model.parameters);
  MALMOI_ASSIGN(train::Stepper stepper,
                train::Stepper::create(input.model, input.objective, *optimizer, stepper_options(input)));
  autograd::Profile profile;
  if (input.trace) stepper.set_profile(&profile);
  train::LoopEvents events;
  events.on_step = [&](const train::StepMetrics& metrics) {
    samples.begin(metrics.step);
    display.step(metrics);
  };
  events.on_evaluation = [&](int64_t done, int64_t total) { display.evaluation(done, total); };
  events.on_evaluated = [&](int64_t step) { samples.write(step); };
  events.on_best = [&](int64_t, double) { return exports.write("best"); };
  events.warn = job.warn;
  events.stop_requested = [&] { return job.stop.requested(); };
  MALMOI_ASSIGN(train::LoopResult result, train::run_loop({.config = &input.config,
                                                           .stepper = &stepper,
                                                           .optimizer = optimizer.get(),
                                                           .train = input.data.train.get(),
                                                           .valid = input.data.valid.get(),
                                                           .ema = input.average.empty() ? nullptr : &input.average,
                                                           .steps = input.steps,
                                                           .sequences = input.sequences,
                                                           .resume = input.resume},
                                                          events));
  display.finish();
  if (input.trace) {
    tell_lines(job.message, profile.table());
    MALMOI_TRY(profile.write_trace(*input.trace));
  }
  return result;
}

}  // namespace malmoi::app
