// `malmoi data train-filter` as a function: the small models that three filters need, made from documents.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "base/json.h"

namespace malmoi::app {

struct TrainFilterOptions {
  std::string kind;  // quality, ngram or boilerplate
  std::vector<std::string>
      good;  // documents: corpora, files of any format, folders; of ngram and boilerplate the corpus itself
  std::vector<std::string> bad;  // of quality
  std::string out;               // the model, a .safetensors file
  int64_t min_documents = 10;    // of boilerplate
  int64_t order = 5;             // of ngram
  uint64_t memory_bytes = uint64_t{1} << 30;
  std::string scratch;
};

/// A classifier of quality; every tenth document is held out.
struct QualityReport {
  uint64_t trained_on = 0, held_out = 0;
  std::optional<double> held_out_accuracy;  // absent: nothing was held out
};
/// A character n-gram model.
struct NgramReport {
  uint64_t documents = 0;
  bool full = false;  // its table took no more
};
/// The lines that stand in many documents.
struct BoilerplateReport {
  uint64_t documents = 0, lines = 0;
};
using TrainFilterReport = std::variant<QualityReport, NgramReport, BoilerplateReport>;
Json to_json(const TrainFilterReport& report);

/// Trains and writes the model. Errors: no documents, a class without examples, unreadable input.
Result<TrainFilterReport> train_filter(const TrainFilterOptions& options, const Job& job);

}  // namespace malmoi::app
