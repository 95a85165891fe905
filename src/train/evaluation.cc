#include "train/evaluation.h"

namespace malmoi::train {

std::optional<LossSums> evaluate_all(Stepper& stepper, const ExampleSource& valid, int64_t batch_size,
                                     const EvaluationProgress& progress) {
  const uint64_t size = valid.size();
  Examples batch;
  auto for_each_batch = [&](const auto& use) {
    for (uint64_t begin = 0; begin < size;) {
      batch.clear();
      for (int64_t b = 0; b < batch_size && begin < size; ++b) valid.append(begin++, batch);
      use(begin);
    }
  };
  Counts whole;
  for_each_batch([&](uint64_t) { whole += stepper.objective().count(batch); });
  if (whole.terms == 0) return {};
  LossSums sums;
  for_each_batch([&](uint64_t done) {
    sums += stepper.evaluate(batch, whole);
    if (progress) progress(static_cast<int64_t>(done), static_cast<int64_t>(size));
  });
  for (const Figure& figure : stepper.objective().figures_of(sums.predictions)) sums.figures.push_back(figure);
  return sums;
}

}  // namespace malmoi::train
