#include "train/evaluation.h"

#include <algorithm>

namespace malmoi::train {
namespace {

// Example s of each part, in a batch of one example a part; the first parts have one more where they cannot be equal, so that
// those which still have an example stand first.
void append_step(const ExampleSource& source, uint64_t step, uint64_t parts, Examples& batch) {
  const uint64_t each = source.size() / parts, longer = source.size() % parts;
  const uint64_t active = step < each ? parts : longer;
  for (uint64_t part = 0; part < active; ++part) source.append(part * each + std::min(part, longer) + step, batch);
}

}  // namespace

std::optional<LossSums> evaluate_all(Stepper& stepper, const ExampleSource& valid, int64_t batch_size,
                                     const EvaluationProgress& progress, Streams* streams) {
  const uint64_t size = valid.size(), parts = static_cast<uint64_t>(streams ? streams->rows() : batch_size);
  Examples batch;
  auto for_each_batch = [&](const auto& use) {
    for (uint64_t done = 0, step = 0; done < size; ++step) {
      batch.clear();
      if (streams) append_step(valid, step, parts, batch);
      else
        for (uint64_t n = done; n < std::min(done + parts, size); ++n) valid.append(n, batch);
      done = std::min(done + (streams ? batch.input.runs().size() : parts), size);
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
    sums += stepper.evaluate(batch, whole);
    if (streams) streams->advance();
    if (progress) progress(static_cast<int64_t>(done), static_cast<int64_t>(size));
  });
  return sums;
}

}  // namespace malmoi::train
