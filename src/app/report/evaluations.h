// What a run's evaluations gave: before its first step, at its best and at its end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"

namespace malmoi::app {

/// One evaluation: figures by their names in metrics.jsonl (valid_loss, valid_accuracy ...).
struct MeasuredStep {
  int64_t step = 0;  // so many were done
  Json figures = Json::object();
};

struct Evaluations {
  std::optional<MeasuredStep> before;  // absent: there was none before the first step (`before` of run.json)
  std::optional<MeasuredStep> best;    // absent: run.json names no best step, or metrics.jsonl has no line of it
  std::optional<MeasuredStep> last;

  /// What the run is worth: at its best, where that is known, else at its end.
  const std::optional<MeasuredStep>& after() const { return best ? best : last; }
};

/// Of the run in `folder`, whose run.json is `facts`. Lines and figures that are damaged are passed over; of an evaluation the
/// first 48 figures are read.
Evaluations read_evaluations(const Path& folder, const Json& facts);

/// How the figures of a run changed, a line each behind one that says of what; "" where nothing is known of before or after:
///
///     held out, before -> after 400 steps
///       loss       3.1 -> 2.2
///       accuracy  0.51 -> 0.73
std::string changes_text(const Evaluations& evaluations);

/// {"before": {step, figures}, "best": ..., "last": ...}; {} where nothing is known of before.
Json to_json(const Evaluations& evaluations);

}  // namespace malmoi::app
