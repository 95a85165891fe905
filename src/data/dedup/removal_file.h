// The list of ranges to remove as it is kept: records in a scratch file, in order.
#pragma once

#include "data/dedup/removals.h"
#include "data/dedup/scratch.h"

namespace malmoi::data {

struct Removals::State {
  std::shared_ptr<ScratchFolder> folder;
  ScratchFile file;
  uint64_t count = 0, bytes = 0;
  uint64_t read = 0;  // records taken from the file
  std::vector<Removal> buffer;
  size_t at = 0;

  State(std::shared_ptr<ScratchFolder> f, ScratchFile scratch) : folder(std::move(f)), file(std::move(scratch)) {}
  static Result<std::unique_ptr<State>> create(std::shared_ptr<ScratchFolder> folder);
  /// Ranges in order, not overlapping.
  Status append(const Removal& removal);
  /// The record that comes next, or null at the end.
  Result<const Removal*> peek();
};

}  // namespace malmoi::data
