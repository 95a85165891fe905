#include "app/train/speed.h"

namespace malmoi::app {
namespace {

constexpr int64_t kTimedSteps = 3;
constexpr double kPatience = 2;  // times as long as asked for, where steps are slow

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
    const double begin = run.clock();
    MALMOI_TRY(part.run());
    speed.evaluation_seconds += (run.clock() - begin) * part.times;
  }
  return speed;
}

}  // namespace malmoi::app
