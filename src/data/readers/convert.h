// From a raw document to a Document: decoded, extracted, repaired, cleaned of invisible characters. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "data/html/html.h"
#include "data/readers/reader.h"

namespace malmoi::data {

struct ConvertOptions {
  TextFormat format = TextFormat::kMarkdown;
  bool whole_page = false;  // of HTML: everything shown, not the main content
  ReaderLimits limits;
};

struct Converted {
  Document document;
  std::string repair;         // what was undone ("utf-8 read as cp1252"), or empty
  std::vector<Skip> missing;  // parts of the document that could not be read: it is kept without them
};

/// True: `out` is filled. False: `skip` says why not (encoding.lost, extract.no_content, read.binary, read.pdf ...).
bool convert_document(RawDocument raw, const ConvertOptions& options, Converted& out, Skip& skip);

/// No white space at the ends of lines and of the text, at most one empty line at a time.
std::string tidy_whitespace(std::string_view text);

}  // namespace malmoi::data
