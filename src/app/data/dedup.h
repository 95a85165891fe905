// `malmoi data dedup` as a function: JSON lines in, the same lines with the line that stands for each out.
#pragma once

#include <string>

#include "app/data/json_lines.h"
#include "data/dedup/dedup.h"

namespace malmoi::app {

struct DataDedupOptions {
  std::string input = "-";
  double threshold = 0.7;
  int ngram = 5;
  uint64_t memory_bytes = uint64_t{1} << 30;
  std::string scratch;          // folder; empty: the system's
  bool keep_best_only = false;  // write only the lines that stand for themselves
};

/// Writes every line with "cluster", the 0-based line that stands for it (of a cluster the longest, of equals the first).
/// Returns counts and samples of joined pairs. Errors: unreadable input, a wrong threshold, no space for scratch data,
/// and lines that were left out (after all others were written).
Result<Json> data_dedup(const DataDedupOptions& options, const LineSink& sink);

}  // namespace malmoi::app
