// The unit of the data pipeline: one document and where it came from.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"

namespace malmoi::data {

/// One document on its way through the pipeline. Text is UTF-8 after reading.
struct Document {
  std::string id;    // stable across runs: source path, and #n for the n-th document of a container
  std::string path;  // the file it came from
  std::string text;
  std::string title;
  std::string encoding;        // as detected: utf-8, cp949, utf-16le ...
  std::string language;        // ko, en ..., empty if unknown
  std::string license;         // SPDX identifier where known
  Json meta = Json::object();  // anything else the source said
};

}  // namespace malmoi::data
