#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace malmoi::train {
namespace {

// The share of the way from the end of warm-up to the last step.
double progress(const ScheduleArgs& a, int64_t step) {
  double span = static_cast<double>(std::max<int64_t>(a.steps - a.warmup_steps, 1));
  return std::min(static_cast<double>(step - a.warmup_steps) / span, 1.0);
}

// min + (lr - min) / 2 * (1 + cos(pi x))
double cosine(const ScheduleArgs& a, int64_t step) {
  return a.min_lr + (a.lr - a.min_lr) / 2 * (1 + std::cos(std::numbers::pi * progress(a, step)));
}

// lr + (min - lr) x
double linear(const ScheduleArgs& a, int64_t step) { return a.lr + (a.min_lr - a.lr) * progress(a, step); }

double constant(const ScheduleArgs& a, int64_t) { return a.lr; }

// Warm-up, stable, decay (Hu et al. 2024): the share of the last decay_steps (a tenth if not given) that is left, 1 before.
double left_of_decay(const ScheduleArgs& a, int64_t step) {
  int64_t decay = a.decay_steps > 0 ? a.decay_steps : std::max<int64_t>(a.steps / 10, 1);
  int64_t left = std::clamp<int64_t>(a.steps - step, 0, decay);
  return static_cast<double>(left) / static_cast<double>(decay);
}

// min + (lr - min) u
double wsd_linear(const ScheduleArgs& a, int64_t step) { return a.min_lr + (a.lr - a.min_lr) * left_of_decay(a, step); }

// min + (lr - min) (1 - sqrt(1 - u))
double wsd_sqrt(const ScheduleArgs& a, int64_t step) {
  return a.min_lr + (a.lr - a.min_lr) * (1 - std::sqrt(1 - left_of_decay(a, step)));
}

// lr sqrt(w / (s + 1)) (Vaswani et al. 2017)
double inverse_square_root(const ScheduleArgs& a, int64_t step) {
  double w = static_cast<double>(std::max<int64_t>(a.warmup_steps, 1));
  return a.lr * std::sqrt(w / static_cast<double>(step + 1));
}

constexpr ScheduleEntry kSchedules[] = {
    {"cosine", cosine},         {"linear", linear},     {"constant", constant}, {"inverse_sqrt", inverse_square_root},
    {"wsd_linear", wsd_linear}, {"wsd_sqrt", wsd_sqrt}, {"wsd", wsd_linear},  // as older configurations call it
};

}  // namespace

std::span<const ScheduleEntry> schedule_table() { return kSchedules; }

double learning_rate(std::string_view name, const ScheduleArgs& args, int64_t step) {
  if (step < args.warmup_steps) return args.lr * static_cast<double>(step + 1) / static_cast<double>(args.warmup_steps);
  for (const ScheduleEntry& entry : kSchedules) {
    if (entry.name == name) return entry.after_warmup(args, step);
  }
  return args.lr;
}

}  // namespace malmoi::train
