// What a test reads from bytes: through the table of formats and the conversion, as `data build` does.
#pragma once

#include <string>
#include <vector>

#include "data/readers/convert.h"
#include "data/readers/reader.h"

namespace malmoi::data {

struct ReadResult {
  std::vector<Document> documents;
  std::vector<Skip> skips;  // what is missing in a document that was kept, too

  /// The skips that count as failures.
  size_t failures() const {
    size_t n = 0;
    for (const Skip& skip : skips) n += skip.failed;
    return n;
  }
  /// The texts of all documents, each after its id, for tests that look for words.
  std::string all() const {
    std::string out;
    for (const Document& document : documents) out += document.id + "\n" + document.text + "\n";
    return out;
  }
};

/// Adds what becomes of a raw document.
inline void add_converted(RawDocument raw, const ConvertOptions& options, ReadResult& result) {
  Converted converted;
  Skip skip;
  bool kept = convert_document(std::move(raw), options, converted, skip);
  for (Skip& part : converted.missing) result.skips.push_back(std::move(part));
  if (kept) result.documents.push_back(std::move(converted.document));
  else result.skips.push_back(std::move(skip));
}

inline ReadResult read_bytes(const std::string& name, std::string bytes, const ReaderOptions& options = {},
                             TextFormat format = TextFormat::kMarkdown) {
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
  ConvertOptions convert;
  convert.format = format;
  convert.limits = options.limits;
  RawDocument raw;
  while (*reader) {
    auto more = (*reader)->next(raw);
    if (!more.ok()) on_skip({name, "error", more.error().to_string(), true});
    if (!more.ok() || !*more) break;
    add_converted(std::move(raw), convert, result);
  }
  return result;
}

}  // namespace malmoi::data
