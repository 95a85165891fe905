#include "train/evaluation.h"

#include <algorithm>

namespace malmoi::train {
namespace {

// The next examples, at most `most`; gives their number.
uint64_t append_next(const ExampleSource& source, uint64_t done, uint64_t most, Examples& batch) {
  const uint64_t count = std::min(most, source.size() - done);
  for (uint64_t n = done; n < done + count; ++n) source.append(n, batch);
  return count;
}

// Example `step` of each part; gives their number. The first parts have one more where they cannot be equal, so that those
// which still have an example stand first.
uint64_t append_step(const ExampleSource& source, uint64_t step, uint64_t parts, Examples& batch) {
  const uint64_t each = source.size() / parts, longer = source.size() % parts;
  const uint64_t count = step < each ? parts : longer;
  for (uint64_t part = 0; part < count; ++part) source.append(part * each + std::min(part, longer) + step, batch);
  return count;
}

}  // namespace

std::optional<LossSums> evaluate_all(Stepper& stepper, const ExampleSource& valid, int64_t batch_size,
                                     const EvaluationProgress& progress, Streams* streams) {
  const uint64_t size = valid.size();
  const auto together = static_cast<uint64_t>(streams ? streams->rows() : batch_size);
  Examples batch;
  auto for_each_batch = [&](const auto& use) {
    for (uint64_t done = 0, step = 0; done < size; ++step) {
      batch.clear();
      done += streams ? append_step(valid, step, together, batch) : append_next(valid, done, together, batch);
      use(done);
    }
  };
  Counts whole;
  for_each_batch([&](uint64_t) { whole += stepper.objective().count(batch); });
  if (whole.terms == 0) return {};
  if (streams) streams->restart();
  LossSums sums;
  for_each_batch([&](uint64_t done) {
    if (streams) streams->attach(0, batch);
    if (streams || stepper.objective().count(batch).terms > 0) {  // rows without a target may have no token to read
      whole.baseline = stepper.prepare({&batch, 1});
      sums += stepper.evaluate(batch, whole);
    }
    if (streams) streams->advance();
    if (progress) progress(static_cast<int64_t>(done), static_cast<int64_t>(size));
  });
  for (const Figure& figure : stepper.objective().figures_of(sums.predictions)) {
    auto rounded = std::ranges::find(sums.figures, figure.name, &Figure::name);  // the sum of the parts' shares
    if (rounded == sums.figures.end()) sums.figures.push_back(figure);
    else *rounded = figure;
  }
  return sums;
}

}  // namespace malmoi::train
