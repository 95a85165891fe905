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

// After the first step, which touches memory and makes code.
constexpr int64_t kTimedSteps = 3;
constexpr double kPatience = 2;  // times as long as asked for, where steps are slow

void try_step(const StepsInput& input, train::Stepper& stepper, int64_t step) {
  const train::TrainConfig& config = input.config;
  stepper.step(
      config.gradient_accumulation,
      [&](int64_t i, train::Examples& out) {
        const int64_t first = (step * config.gradient_accumulation + i) * config.batch_size;
        for (int64_t b = 0; b < config.batch_size; ++b) input.data.train->append(static_cast<uint64_t>(first + b), out);
      },
      static_cast<uint64_t>(step * config.gradient_accumulation), step + 1, config.optimizer.lr);
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
  auto optimizer = train::make_optimizer(input.config.optimizer, input.model);
  MALMOI_ASSIGN(train::Stepper stepper,
                train::Stepper::create(input.model, input.objective, *optimizer, stepper_options(input)));
  const double began = monotonic_seconds();
  try_step(input, stepper, 0);
  const double first = monotonic_seconds();
  int64_t steps = 0;
  double now = first;
  do {
    MALMOI_TRY(job.stop.check("", "run it again", "stopped while measuring the speed"));
    try_step(input, stepper, ++steps);
    now = monotonic_seconds();
  } while (now < began + (steps < kTimedSteps ? kPatience : 1) * seconds);
  // The mean: what other programs take of the machine now, they take later, too.
  Speed speed{.step_seconds = (now - first) / static_cast<double>(steps)};
  if (input.data.valid) speed.evaluation_seconds = timed_evaluation(input, stepper);
  return speed;
}

Result<train::LoopResult> run_steps(const StepsInput& input, RunDisplay& display, SampleWriter& samples,
                                    const OutputMeter& outputs, const ModelExport& exports, const Job& job) {
  auto optimizer = train::make_optimizer(input.config.optimizer, input.model);
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
  if (outputs.measures()) events.measure = [&](int64_t step) { return outputs.measure(step); };
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
