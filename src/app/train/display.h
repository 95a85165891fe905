// What a run shows step by step: a line for people, and events for TensorBoard.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/train/run_folder.h"
#include "base/job.h"
#include "formats/tensorboard.h"
#include "train/loop.h"

namespace malmoi::app {

class RunDisplay {
 public:
  RunDisplay(const Job& job, const RunFolder& folder) : job_(job), folder_(folder) {}

  /// A step is done. The line stays where held-out data were looked at.
  void step(const train::StepMetrics& metrics);
  /// An evaluation has done so many of its batches.
  void evaluation(int64_t done, int64_t total) const;
  /// Closes the events.
  void finish() { board_.reset(); }

 private:
  void write_events(const train::StepMetrics& metrics);
  std::string line(const train::StepMetrics& metrics) const;

  const Job& job_;
  const RunFolder& folder_;
  bool begun_ = false;
  double seconds_a_step_ = 0;
  std::optional<double> valid_loss_;  // the last one
  std::optional<formats::TensorboardWriter> board_;
};

}  // namespace malmoi::app
