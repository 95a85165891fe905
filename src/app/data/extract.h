// `malmoi data extract`: the text of files, a JSON object a document.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "data/html/html.h"

namespace malmoi::app {

struct DataExtractOptions {
  std::vector<std::string> files;
  data::TextFormat format = data::TextFormat::kPlain;
  bool whole_page = false;
};

struct DataExtractCounts {
  uint64_t documents = 0, failed = 0;
};

/// Calls `visit` for each document: path, encoding, language, title, text, id; of one that is lost or cannot be read an
/// empty text and `dropped`, with the reason. Errors: a path that is not there at all.
Result<DataExtractCounts> data_extract(const DataExtractOptions& options,
                                       const std::function<void(const Json&)>& visit);

}  // namespace malmoi::app
