// metrics.jsonl: a line per step, each written with one call, so that a killed run leaves whole lines but for the last.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::train {

/// A line of metrics.jsonl.
struct StepMetrics {
  int64_t step = 0;
  int64_t steps = 0;  // of the whole run; not written
  double loss = 0, grad_norm = 0, lr = 0;
  int64_t tokens = 0;
  double tokens_per_second = 0;
  bool skipped = false;
  std::optional<double> valid_loss;
  /// What the objective tells by name (accuracy ...); of the validation data with `valid_` before it.
  std::vector<std::pair<std::string, double>> figures;
  std::vector<std::pair<std::string, std::vector<double>>> lists;  // the same, of numbers for each row
};

/// The step that a line of a .jsonl file is of; none: the line is damaged.
std::optional<int64_t> step_of_line(std::string_view line);

class MetricsFile {
 public:
  MetricsFile() = default;
  MetricsFile(const MetricsFile&) = delete;
  MetricsFile& operator=(const MetricsFile&) = delete;
  ~MetricsFile();

  /// Keeps the lines of steps below `first_step`, so that each step stands once. Gives the number of damaged lines, which
  /// are left out.
  Result<int64_t> open(const Path& path, int64_t first_step);
  /// Writes a line behind those that could not be written before. After an error (no space) the file ends with a whole
  /// line, and what is missing waits for the next call.
  Status add(const StepMetrics& metrics);

 private:
  Status write_waiting();

  Path path_;
  int fd_ = -1;
  int64_t size_ = 0;
  std::string waiting_;
};

}  // namespace malmoi::train
