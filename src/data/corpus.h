// A built corpus: a folder of jsonl.zst shards, one set a split, with manifest.json; and the texts of any file that
// training and tokenizer training accept.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "data/document.h"

namespace malmoi::data {

/// A line of a shard: the document's fields, always the same and always texts (so that every loader of the field
/// infers one schema); `meta` is JSON inside a text, empty when there is none.
std::string document_to_line(const Document& document);
/// From such a line, or from any JSON object with a text under `text_field`. Fields unknown to Document go into meta.
Result<Document> document_from_line(std::string_view line, const std::string& where,
                                    const std::string& text_field = "text");

struct Shard {
  std::string file;   // relative to the corpus' folder
  std::string split;  // train, valid, test
  uint64_t documents = 0;
  uint64_t text_bytes = 0;
  uint64_t file_bytes = 0;
  std::string hash;  // xxh3-128 of the uncompressed lines
};

/// The manifest of a corpus.
class Corpus {
 public:
  /// `path`: the folder (or its manifest.json). Errors name the key that is missing or wrong, or the shard that is gone.
  static Result<Corpus> open(const Path& path);
  static bool is_corpus(const Path& path);

  const Path& folder() const { return folder_; }
  const std::vector<Shard>& shards() const { return shards_; }
  const Json& manifest() const { return manifest_; }
  uint64_t documents(std::string_view split) const;
  uint64_t text_bytes(std::string_view split) const;

 private:
  Path folder_;
  Json manifest_;
  std::vector<Shard> shards_;
};

/// Documents one after the other. `next` returns false at the end. One thread.
class DocumentStream {
 public:
  virtual ~DocumentStream() = default;
  virtual Result<bool> next(Document& document) = 0;
};

/// The documents of `paths` in order: of a built corpus those of `split` ("" takes all), of .jsonl(.zst) each line's
/// "text", of a .txt (or any other text file, .zst too) the whole file; of another folder its files in order. All of them in
/// whatever encoding they are.
/// Bounded memory but for single documents, which are limited to `max_document` bytes.
Result<std::unique_ptr<DocumentStream>> open_documents(const std::vector<Path>& paths, const std::string& split,
                                                       uint64_t max_document = 256ull << 20);

}  // namespace malmoi::data
