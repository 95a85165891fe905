// An adapter made of two models: what of their difference a low rank can say.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "base/json.h"

namespace malmoi::app {

struct ExtractOptions {
  std::string base, model;  // the adapter stands around the first, and makes it like the second
  Path out;
  int64_t rank = 16;
  std::vector<std::string> targets;  // names of modules; empty: all products of the layers
};

struct ExtractReport {
  size_t modules = 0;
  int64_t rank = 0;
  double error = 0;               // what is left of the difference of the adapted matrices, as a share of its norm
  std::vector<std::string> left;  // tensors that differ and that the adapter does not hold
};
Json to_json(const ExtractReport& report);

/// Writes a folder as PEFT does: of each matrix the largest singular values of the difference, in f32. Warns of what differs beside
/// them. Errors: models of different sizes or names; targets and ranks as model::plan_adapter.
Result<ExtractReport> extract_adapter(const ExtractOptions& options, const Job& job);

}  // namespace malmoi::app
