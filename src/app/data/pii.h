// `malmoi data pii` as a function: JSON lines in, the same lines with the spans of personal data out.
#pragma once

#include <string>
#include <vector>

#include "app/data/json_lines.h"
#include "data/pii/pii.h"

namespace malmoi::app {

struct DataPiiOptions {
  std::string input = "-";
  bool replace = false;                // "text" is replaced; "spans" still are those of the text that came in
  std::string action = "placeholder";  // placeholder, pseudonym or remove
  std::string key_file;                // of pseudonyms
  std::vector<std::string> types;      // empty: all
};

/// Writes every line to `sink`; returns counts by type. Nothing of the text is logged. Errors: unreadable input, unknown
/// type or action, and lines that were left out (after all others were written).
Result<Json> data_pii(const DataPiiOptions& options, const LineSink& sink);

}  // namespace malmoi::app
