// `malmoi data pii` as a function: JSON lines in, the same lines with the spans of personal data out.
#pragma once

#include <string>
#include <vector>

#include "app/data/json_lines.h"
#include "base/job.h"
#include "data/pii/pii.h"

namespace malmoi::app {

struct DataPiiOptions {
  std::string input = "-";
  bool replace = false;                // "text" is replaced; "spans" still are those of the text that came in
  std::string action = "placeholder";  // placeholder, pseudonym or remove
  std::string key_file;                // of pseudonyms
  std::vector<std::string> types;      // empty: all
};

struct PiiReport {
  data::PiiCounts counts;
  uint64_t skipped = 0;  // lines that could not be read
};
Json to_json(const PiiReport& report);

/// Writes every line to `sink`. Nothing of the text is told. Errors: unreadable input, unknown
/// type or action, and lines that were left out (after all others were written).
Result<PiiReport> data_pii(const DataPiiOptions& options, const LineSink& sink, const Job& job);

}  // namespace malmoi::app
