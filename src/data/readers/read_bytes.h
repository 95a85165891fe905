// Bytes through reader and conversion, as a file of that name would go: what the tests of readers share.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/readers/convert.h"
#include "data/readers/reader.h"

namespace malmoi::data {

struct BytesRead {
  std::vector<Document> documents;
  std::vector<Skip> skips;  // and the error that ended it, as rule "error"

  bool failed() const {
    for (const Skip& skip : skips)
      if (skip.failed) return true;
    return false;
  }
};

inline BytesRead read_as_file(const std::string& name, std::string bytes, const ReaderOptions& options = {}) {
  BytesRead result;
  Input input;
  input.id = input.path = input.name = name;
  input.bytes = memory_source(std::move(bytes));
  auto on_skip = [&](Skip skip) { result.skips.push_back(std::move(skip)); };
  auto reader = open_reader(std::move(input), options, on_skip);
  if (!reader.ok()) on_skip({name, "error", reader.error().to_string(), true});
  RawDocument raw;
  while (reader.ok() && *reader) {
    auto more = (*reader)->next(raw);
    if (!more.ok()) on_skip({name, "error", more.error().to_string(), true});
    if (!more.ok() || !*more) break;
    Converted converted;
    Skip skip;
    if (convert_document(std::move(raw), {}, converted, skip))
      result.documents.push_back(std::move(converted.document));
    else result.skips.push_back(skip);
  }
  return result;
}

}  // namespace malmoi::data
