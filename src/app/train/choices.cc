#include "app/train/choices.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/json_read.h"
#include "kernels/gemm.h"
#include "train/checkpoint_parts.h"

namespace malmoi::app {
namespace {

using train::TrainConfig;

// The part of the time that measuring may take, and the most.
constexpr double kMeasuredShare = 0.02, kMostMeasuredSeconds = 10;
constexpr int64_t kEvaluations = 10;
constexpr double kMostEvaluationShare = 0.2;
constexpr int64_t kLeastStepsOfWarmup = 10;  // that many steps for each of the warm-up

// What stands in chosen.json, if it is for as many minutes and whole.
std::optional<ChosenLength> recorded_length(const Json& chosen, double minutes) {
  if (json_number(chosen, "minutes") != minutes) return {};
  const auto steps = json_count(chosen, "steps"), warmup = json_count(chosen, "warmup_steps"),
             decay = json_count(chosen, "decay_steps"), eval_every = json_count(chosen, "eval_every");
  if (!steps || *steps < 1 || !warmup || !decay || !eval_every) return {};
  return ChosenLength{*steps, *warmup, *decay, *eval_every};
}

// Steps that fit with an evaluation behind each `every` of them (0: none), and one behind the last, due or not.
int64_t most_steps(double seconds, double step, double evaluation, int64_t every) {
  int64_t steps = 0;
  if (every > 0) {
    const double group = static_cast<double>(every) * step + evaluation;
    const double groups = std::floor(seconds / group);
    steps = static_cast<int64_t>(groups) * every;
    seconds -= groups * group;
  }
  return steps + static_cast<int64_t>(std::max(seconds - evaluation, 0.0) / step);
}

// What checkpoints leave of the time: those by the clock, and the one at the end.
double without_saves(double seconds, double save, double save_minutes) {
  seconds = std::max(seconds - save, 0.0);
  if (save_minutes <= 0) return seconds;
  return seconds - std::floor(seconds / (train::seconds_between_saves(save_minutes, save) + save)) * save;
}

void apply(const ChosenLength& length, TrainConfig& config) {
  config.steps = length.steps;
  config.schedule.warmup_steps = length.warmup_steps;
  config.schedule.decay_steps = length.decay_steps;
  config.eval_every = length.eval_every;
}

}  // namespace

Precision fastest_precision() { return kernels::has_bf16_products() ? Precision::kBF16 : Precision::kF32; }

ChosenLength fit_length(const TrainConfig& config, const Speed& speed, double seconds) {
  ChosenLength length{.warmup_steps = config.schedule.warmup_steps,
                      .decay_steps = config.schedule.decay_steps,
                      .eval_every = config.eval_every};
  seconds = without_saves(seconds, speed.save_seconds, config.save_minutes);
  double step = std::max(speed.step_seconds, 1e-9);
  if (config.save_every > 0) step += speed.save_seconds / static_cast<double>(config.save_every);
  if (config.eval_by_share && speed.evaluation_seconds > 0) {
    const double fit = std::floor(kMostEvaluationShare * seconds / speed.evaluation_seconds);
    const auto evaluations = static_cast<int64_t>(std::clamp(fit, 1.0, static_cast<double>(kEvaluations)));
    const double left = seconds - static_cast<double>(evaluations) * speed.evaluation_seconds;
    length.steps = std::max<int64_t>(static_cast<int64_t>(left / step), 1);
    length.eval_every = (length.steps + evaluations - 1) / evaluations;
  } else {
    length.steps = std::max<int64_t>(most_steps(seconds, step, speed.evaluation_seconds, length.eval_every), 1);
  }
  length.warmup_steps = std::min(length.warmup_steps, length.steps / kLeastStepsOfWarmup);
  length.decay_steps = std::min(length.decay_steps, length.steps - length.warmup_steps);
  return length;
}

Choices::Choices(const RunFolder& folder, bool resume, Clock clock) : folder_(folder), clock_(std::move(clock)) {
  if (!resume) return;
  auto before = read_json((folder / "chosen.json").string());
  if (before.ok() && before->is_object()) chosen_ = *std::move(before);
}

Status Choices::choose_precision(TrainConfig& config, const Job& job) {
  if (!config.fastest_precision) return {};
  config.precision = fastest_precision();
  const std::string before = json_string(chosen_, "dtype");
  for (Precision precision : {Precision::kBF16, Precision::kF32}) {
    if (before == precision_name(precision)) config.precision = precision;
  }
  chosen_["dtype"] = precision_name(config.precision);
  job.message(fmt::format("dtype {}: {}", precision_name(config.precision),
                          !before.empty()                ? "as this run began"
                          : kernels::has_bf16_products() ? "this CPU multiplies bf16, which is fastest"
                                                         : "fastest on this CPU, which does not multiply bf16"));
  return write();
}

Result<bool> Choices::choose_length(TrainConfig& config, const std::function<Result<Speed>(double seconds)>& measure,
                                    const Job& job) {
  if (config.minutes <= 0) return false;
  if (auto before = recorded_length(chosen_, config.minutes)) {
    apply(*before, config);
    job.message(fmt::format("{} steps, as this run chose for {} min", config.steps, config.minutes));
    return false;
  }
  const double seconds = 60 * config.minutes, began = clock_();
  job.message("measuring the speed of the first steps");
  MALMOI_ASSIGN(Speed speed, measure(std::min(kMeasuredShare * seconds, kMostMeasuredSeconds)));
  const double first = config.eval_first ? speed.evaluation_seconds : 0;  // the evaluation before the first step
  const ChosenLength length = fit_length(config, speed, seconds - (clock_() - began) - first);
  apply(length, config);
  chosen_.update({{"minutes", config.minutes},
                  {"steps", length.steps},
                  {"warmup_steps", length.warmup_steps},
                  {"decay_steps", length.decay_steps},
                  {"eval_every", length.eval_every},
                  {"step_seconds", speed.step_seconds},
                  {"evaluation_seconds", speed.evaluation_seconds},
                  {"save_seconds", speed.save_seconds}});
  MALMOI_TRY(write());
  job.message(fmt::format(
      "{:.3g} s per step{}: {} steps fit {} min", speed.step_seconds,
      speed.evaluation_seconds > 0 ? fmt::format(", {:.3g} s per evaluation", speed.evaluation_seconds) : "",
      length.steps, config.minutes));
  return true;
}

}  // namespace malmoi::app
