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
/// empty text and `dropped`, with the reason. Of several paths one
/// that is not there is told of so. Errors: none of the paths is there.
Result<DataExtractCounts> data_extract(const DataExtractOptions& options,
                                       const std::function<void(const Json&)>& visit);

}  // namespace malmoi::app
