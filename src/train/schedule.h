// Learning rate schedules: a function of the step, s from 0, w warm-up steps, n steps in all.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace malmoi::train {

struct ScheduleArgs {
  double lr = 0, min_lr = 0;
  int64_t warmup_steps = 0, steps = 1;
  int64_t decay_steps = 0;
};

/// A line of the table. `after_warmup(args, s)` is asked for s >= warmup_steps; before, the rate is lr (s + 1) / w.
struct ScheduleEntry {
  std::string_view name;
  double (*after_warmup)(const ScheduleArgs& args, int64_t step);
};
std::span<const ScheduleEntry> schedule_table();

/// The rate of a step. `name` must stand in the table.
double learning_rate(std::string_view name, const ScheduleArgs& args, int64_t step);

}  // namespace malmoi::train
