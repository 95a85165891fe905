// `malmoi compare`: architectures of equal size and equal time on the same text, side by side.
#pragma once

#include <string>
#include <vector>

#include "app/compare/config.h"
#include "app/compare/recall.h"
#include "base/job.h"

namespace malmoi::app {

struct ComparedCurves {
  std::vector<double> step, seconds, loss;  // of training, by step
  std::vector<double> valid_step, valid_seconds, valid_loss;
  double tokens = 0;  // that were trained on
};

struct ContextCost {
  int64_t context = 0;           // tokens read before
  double seconds_per_token = 0;  // of the next ones, one by one
  uint64_t state_bytes = 0;      // what the sequence keeps
};

struct ComparedResult {
  std::string name, architecture;
  Json model;  // as it was trained
  int64_t parameters = 0, steps = 0;
  double seconds = 0, tokens_per_second = 0;
  double valid_loss = 0;  // the best
  ComparedCurves curves;
  std::vector<ContextCost> contexts;
  int64_t recall_parameters = 0;
  std::vector<RecallScore> recall;
};

struct CompareReport {
  std::string cpu, isa;
  int threads = 0;
  std::vector<ComparedResult> models;
};
Json to_json(const CompareReport& report);

/// Trains each model in OUT/NAME (again only where the recipe changed), measures, and writes OUT/compare.json and
/// OUT/report.html. Errors: sizes that cannot be made equal, before anything runs; those of training.
Result<CompareReport> compare(const ConfigDocument& document, const Job& job);

}  // namespace malmoi::app
