// For tests: what a reader makes of some bytes.
#pragma once

#include <string>
#include <vector>

#include "data/readers/convert.h"
#include "data/readers/reader.h"

namespace malmoi::data {

struct ReadResult {
  std::vector<Document> documents;
  std::vector<Skip> skips;
};

inline ReadResult read_bytes(const std::string& name, std::string bytes, const ReaderOptions& options = {}) {
  ReadResult result;
  Input input;
  input.id = input.path = input.name = name;
  input.bytes = memory_source(std::move(bytes));
  auto on_skip = [&](Skip skip) { result.skips.push_back(std::move(skip)); };
  auto reader = open_reader(std::move(input), options, on_skip);
  if (!reader.ok()) {
    on_skip({name, "error", reader.error().to_string(), true});
    return result;
  }
  RawDocument raw;
  ConvertOptions convert;
  convert.limits = options.limits;
  while (*reader) {
    auto more = (*reader)->next(raw);
    if (!more.ok()) on_skip({name, "error", more.error().to_string(), true});
    if (!more.ok() || !*more) break;
    Converted converted;
    Skip skip;
    if (convert_document(std::move(raw), convert, converted, skip))
      result.documents.push_back(std::move(converted.document));
    else result.skips.push_back(skip);
  }
  return result;
}

}  // namespace malmoi::data
