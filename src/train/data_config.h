// The section `data` of a training configuration.
#pragma once

#include <optional>

#include "base/config.h"
#include "train/config.h"

namespace malmoi::train {

/// A section must be finished for its unknown keys; the first error of any section is the one reported.
class Sections {
 public:
  void finish(ConfigReader& reader) { add(reader.finish()); }
  void add(Status done) {
    if (!done.ok() && !error_) error_ = std::move(done).error();
  }
  Status result() const { return error_ ? Status(*error_) : Status(); }

 private:
  std::optional<Error> error_;
};

/// Reads it once the objective is known: which formats and columns there are is the objective's.
void read_data(ConfigReader& root, TrainConfig& c, Sections& sections);

}  // namespace malmoi::train
