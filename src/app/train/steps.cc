#include "app/train/steps.h"

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

}  // namespace

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
