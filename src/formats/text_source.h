// A stream of texts from files and folders: .txt and .jsonl, plain or zstd, in bounded memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::formats {

struct TextSourceOptions {
  bool lines = false;          // .txt: every line, without its line break, is a text; else a file is one text
  std::string field = "text";  // .jsonl: the key of the text
  /// A .txt file is handed out in parts of at least so many bytes, each ending after a line break that no white space
  /// follows (or at ten times the size), so that its size does not matter.
  size_t part_bytes = 256 << 10;
};

/// The texts of some files in the order given; of a folder, its .txt, .md, .jsonl and .ndjson files (each also with .zst)
/// by path. Any other file that is named itself is read as .txt. Not thread-safe.
class TextFiles {
 public:
  /// Errors: a path that is not there, a folder without such a file.
  static Result<TextFiles> open(const std::vector<Path>& paths, TextSourceOptions options = {});
  TextFiles(TextFiles&&) noexcept;
  TextFiles& operator=(TextFiles&&) noexcept;
  ~TextFiles();

  /// Sets `text` to the next text; false at the end. Errors name the file and the line: malformed JSON, a line without
  /// the field, damaged compression.
  Result<bool> next(std::string& text);

  const std::vector<Path>& files() const { return files_; }
  /// Bytes of all files on disk, and of those that are read to their end.
  uint64_t total_bytes() const { return total_bytes_; }
  uint64_t finished_bytes() const { return finished_bytes_; }

 private:
  struct Reader;
  TextFiles();
  Status open_next();

  TextSourceOptions options_;
  std::vector<Path> files_;
  std::vector<uint64_t> sizes_;
  size_t next_file_ = 0;
  uint64_t total_bytes_ = 0, finished_bytes_ = 0;
  std::unique_ptr<Reader> reader_;
};

}  // namespace malmoi::formats
