// What a build shows while it runs: a line with the stage, documents and bytes per second, and the time left.
#pragma once

#include <cstdint>
#include <string>

#include "base/job.h"

namespace malmoi::data {

/// How far a build is.
struct BuildState {
  std::string stage;       // "read", "deduplicate", "deduplicate: near copies", "write"
  uint64_t documents = 0;  // read so far
  uint64_t kept = 0;
  uint64_t bytes = 0, total_bytes = 0;  // of input (read) or text (write), or any other share
};

/// Makes the lines of one build. Speeds count from where the stage began, so that a resumed build shows its own.
class BuildProgress {
 public:
  explicit BuildProgress(const Progress& progress) : progress_(progress) {}
  void show(const BuildState& state);

 private:
  std::string line(const BuildState& state, double seconds) const;
  Progress progress_;
  std::string stage_;
  double started_ = 0;
  uint64_t documents_ = 0, bytes_ = 0;  // where the stage began
};

}  // namespace malmoi::data
