// The text of documents that clients send, for the server: read as `malmoi data extract` reads files.
#pragma once

#include <cstdint>
#include <string>

#include "data/readers/reader.h"
#include "serve/extractor.h"

namespace malmoi::app {

/// What one file may take; beyond it is refused, never cut.
struct ExtractLimits {
  data::ReaderLimits reader = {.expanded_bytes = 256ull << 20, .archive_entries = 10'000};
  uint64_t text_bytes = 16 << 20;  // of all its documents together
  double seconds = 60;             // after which no further one of its documents is begun
};

class DocumentExtractor : public serve::Extractor {
 public:
  explicit DocumentExtractor(ExtractLimits limits = {}) : limits_(std::move(limits)) {}

  /// {"name", "format", "title", "text", "documents", "encoding", "pages" of PDFs, "unread", "unread_count"}: Markdown, of several
  /// documents (an archive, a mailbox) each below its title, in order. `unread`: the first parts that could not be read. Errors say
  /// why nothing could be, with one of the codes document_without_text, document_locked, document_too_large, unsupported_document,
  /// not_a_document, unreadable_document.
  protocol::Reply extract(const std::string& name, const std::string& bytes) const override;

 private:
  protocol::Reply read(const std::string& name, const std::string& bytes) const;

  ExtractLimits limits_;
};

}  // namespace malmoi::app
