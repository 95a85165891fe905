#include "app/train/speed.h"

namespace malmoi::app {
namespace {

constexpr int64_t kTimedSteps = 3;
constexpr double kPatience = 2;  // times as long as asked for, where steps are slow

Result<double> seconds_taken(const std::function<Status()>& run, const Clock& clock) {
  const double begin = clock();
  MALMOI_TRY(run());
  return clock() - begin;
}

}  // namespace

Result<Speed> measure_speed(const TimedRun& run, double seconds) {
  const double began = run.clock();
  MALMOI_TRY(run.step(0));
  const double first = run.clock();
  int64_t steps = 0;
  double now = first;
  do {
    MALMOI_TRY(run.step(++steps));
    now = run.clock();
  } while (now < began + (steps < kTimedSteps ? kPatience : 1) * seconds);
  // The mean: what other programs take of the machine now, they take later, too.
  Speed speed{.step_seconds = (now - first) / static_cast<double>(steps)};
  for (const TimedRun::Part& part : run.evaluation) {
    MALMOI_ASSIGN(double taken, seconds_taken(part.run, run.clock));
    speed.evaluation_seconds += taken * part.times;
  }
  if (run.save) {
    MALMOI_ASSIGN(speed.save_seconds, seconds_taken(run.save, run.clock));
  }
  return speed;
}

}  // namespace malmoi::app
