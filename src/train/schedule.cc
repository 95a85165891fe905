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

// Warm-up, stable, decay (Hu et al. 2024): lr until the last decay_steps (a tenth if not given), then linear to min.
double warmup_stable_decay(const ScheduleArgs& a, int64_t step) {
  int64_t decay = a.decay_steps > 0 ? a.decay_steps : std::max<int64_t>(a.steps / 10, 1);
  int64_t left = a.steps - step;
  if (left >= decay) return a.lr;
  return a.min_lr + (a.lr - a.min_lr) * static_cast<double>(std::max<int64_t>(left, 0)) / static_cast<double>(decay);
}

// lr sqrt(w / (s + 1)) (Vaswani et al. 2017), at least min.
double inverse_square_root(const ScheduleArgs& a, int64_t step) {
  double w = static_cast<double>(std::max<int64_t>(a.warmup_steps, 1));
  return std::max(a.min_lr, a.lr * std::sqrt(w / static_cast<double>(step + 1)));
}

constexpr ScheduleEntry kSchedules[] = {
    {"cosine", cosine},
    {"linear", linear},
    {"constant", constant},
    {"wsd", warmup_stable_decay},
    {"inverse_sqrt", inverse_square_root},
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
