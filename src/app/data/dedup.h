// `malmoi data dedup` as a function: JSON lines in, the same lines with the line that stands for each out.
#pragma once

#include <string>
#include <vector>

#include "app/data/json_lines.h"
#include "base/job.h"
#include "data/dedup/near.h"

namespace malmoi::app {

struct DataDedupOptions {
  std::string input = "-";
  double threshold = 0.7;
  int ngram = 5;
  uint64_t memory_bytes = uint64_t{1} << 30;
  std::string scratch;          // folder; empty: the system's
  bool keep_best_only = false;  // write only the lines that stand for themselves
};

/// What was found, with samples of joined pairs.
struct DedupReport {
  uint64_t documents = 0, duplicates = 0, clusters = 0;
  uint64_t candidates = 0, rejected = 0, capped = 0;  // pairs that share a band; those compared in vain; left out
  uint64_t skipped = 0;                               // lines that could not be read
  struct Sample {
    uint64_t first = 0, second = 0;  // 0-based lines
    double jaccard = 0;
    std::string first_text, second_text;  // their beginnings
  };
  std::vector<Sample> samples;
};
Json to_json(const DedupReport& report);

/// Writes every line with "cluster", the 0-based line that stands for it (of a cluster the longest, of equals the first).
/// Errors: unreadable input, a wrong threshold, no space for scratch data,
/// and lines that were left out (after all others were written).
Result<DedupReport> data_dedup(const DataDedupOptions& options, const LineSink& sink, const Job& job);

}  // namespace malmoi::app
