// The loss over a whole source, as it is measured between steps.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "train/examples.h"
#include "train/objective.h"
#include "train/stepper.h"
#include "train/streams.h"

namespace malmoi::train {

/// Told after each batch, in examples.
using EvaluationProgress = std::function<void(int64_t done, int64_t total)>;

/// The objective over all examples of a source, each once; none where no target counts. With `streams`, which begin anew, the
/// source is cut into as many parts, and a part's examples go on from each other.
std::optional<LossSums> evaluate_all(Stepper& stepper, const ExampleSource& valid, int64_t batch_size,
                                     const EvaluationProgress& progress, Streams* streams = nullptr);

}  // namespace malmoi::train
