#include "app/train/steps.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "train/checkpoint.h"
#include "train/checkpoint_parts.h"
#include "train/failure_signs.h"
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

// Nothing is learned: at the full rate, which a warm-up should come before, weights may become such that none are written.
constexpr double kNoRate = 0;

Status try_step(const StepsInput& input, train::Stepper& stepper, int64_t step) {
  const train::TrainConfig& config = input.config;
  const auto rows = static_cast<uint64_t>(config.sequences_per_step());
  MALMOI_TRY(input.data.train->prepare(static_cast<uint64_t>(step) * rows, rows));
  stepper.step(
      config.gradient_accumulation,
      [&](int64_t i, train::Examples& out) {
        const int64_t first = (step * config.gradient_accumulation + i) * config.batch_size;
        for (int64_t b = 0; b < config.batch_size; ++b) input.data.train->append(static_cast<uint64_t>(first + b), out);
      },
      static_cast<uint64_t>(step * config.gradient_accumulation), step + 1, kNoRate);
  return {};
}

// A batch of the held-out data, which stands for all of it.
TimedRun::Part timed_batch(const StepsInput& input, train::Stepper& stepper) {
  const train::ExampleSource& valid = *input.data.valid;
  const uint64_t rows = std::min(static_cast<uint64_t>(input.config.batch_size), valid.size());
  auto evaluate = [&input, &stepper, &valid, rows]() -> Status {
    train::Examples batch;
    for (uint64_t n = 0; n < rows; ++n) valid.append(n, batch);
    const train::Counts counts = input.objective.count(batch);
    if (counts.terms > 0) stepper.evaluate(batch, counts);
    return {};
  };
  return {evaluate, static_cast<double>(valid.size()) / static_cast<double>(rows)};
}

// Writes a checkpoint as large as the run's, and removes it. That there is no room for it is told when it is needed.
Status rehearse_checkpoint(const StepsInput& input, train::Optimizer& optimizer) {
  const Path folder = Path(input.config.out) / ".rehearsal";
  const std::vector<Tensor> average = input.config.ema_decay > 0 ? copy_weights(input.model) : std::vector<Tensor>();
  train::CheckpointStore store(folder);
  (void)store.save(0, train::checkpoint_tensors(input.model, optimizer, &average), Json::object(), 1);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return {};
}

// What the model was like before the first step, for whoever compares.
Status write_before(const StepsInput& input, const train::StepMetrics& metrics, const Job& job) {
  Json before = Json::object();
  if (metrics.valid_loss) before["valid_loss"] = *metrics.valid_loss;
  for (const auto& [name, value] : metrics.figures) before[name] = value;
  std::string text;
  for (const auto& [name, value] : before.items())
    text += fmt::format("{}{} {:.4g}", text.empty() ? "" : ", ", name, value.get<double>());
  job.message("before the first step: " + text);
  return write_file(Path(input.config.out) / kBeforeFile, dump_json(before, 2) + "\n");
}

}  // namespace

Result<Speed> measure_steps(const StepsInput& input, const OutputMeter& outputs, const SampleWriter& samples,
                            const ModelExport& exports, double seconds, const Job& job) {
  auto optimizer = train::make_optimizer(input.config.optimizer, input.model);
  MALMOI_ASSIGN(train::Stepper stepper,
                train::Stepper::create(input.model, input.objective, *optimizer, stepper_options(input)));
  if (input.config.quantize_aware) input.model.parameters.begin_rounding();
  TimedRun run;
  run.step = [&](int64_t step) -> Status {
    MALMOI_TRY(try_step(input, stepper, step));
    return job.stop.check("", "run it again", "stopped while measuring the speed");
  };
  if (input.data.valid) run.evaluation.push_back(timed_batch(input, stepper));
  if (input.data.measure) {
    run.evaluation.push_back({[&]() -> Status {
      MALMOI_TRY(input.data.measure());
      return {};
    }});
  }
  if (!run.evaluation.empty()) {
    run.evaluation.push_back({[&] { return outputs.rehearse(); }});
    run.evaluation.push_back({[&] {
      samples.texts();
      return Status();
    }});
    run.evaluation.push_back({[&] { return exports.rehearse(); }});
  }
  run.save = [&] { return rehearse_checkpoint(input, *optimizer); };
  return measure_speed(run, seconds);
}

Result<train::LoopResult> run_steps(const StepsInput& input, RunDisplay& display, SampleWriter& samples,
                                    const OutputMeter& outputs, const ModelExport& exports, const Job& job) {
  auto optimizer = train::make_optimizer(input.config.optimizer, input.model);
  MALMOI_ASSIGN(train::Stepper stepper,
                train::Stepper::create(input.model, input.objective, *optimizer, stepper_options(input)));
  autograd::Profile profile;
  if (input.trace) stepper.set_profile(&profile);
  train::LoopEvents events;
  train::FailureSigns signs;
  events.on_step = [&](const train::StepMetrics& metrics) {
    samples.begin(metrics.step);
    display.step(metrics);
    for (const std::string& sign : signs.add(metrics)) job.warn(sign);
  };
  events.on_evaluation = [&](int64_t done, int64_t total) { display.evaluation(done, total); };
  if (input.data.measure) events.measure = [&](int64_t) { return input.data.measure(); };
  else if (outputs.measures()) events.measure = [&](int64_t step) { return outputs.measure(step); };
  events.on_evaluated = [&](int64_t step) { samples.write(step); };
  events.on_before = [&](const train::StepMetrics& metrics) { return write_before(input, metrics, job); };
  events.on_best = [&](int64_t, double) { return exports.write("best"); };
  events.warn = job.warn;
  events.stop_requested = [&] { return job.stop.requested() || (input.stop && input.stop()); };
  MALMOI_ASSIGN(train::LoopResult result, train::run_loop({.config = &input.config,
                                                           .stepper = &stepper,
                                                           .optimizer = optimizer.get(),
                                                           .train = input.data.train.get(),
                                                           .valid = input.data.valid.get(),
                                                           .replayed = input.data.replay_valid.get(),
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
