// Reading documents out of files: what every reader is made of, and the table of formats.
//
// Reading is pulled: an InputStream walks the files, opens compressed files and archives (to any sensible depth), finds
// the format of each by name and content, and hands out one RawDocument at a time. That is cheap and serial; turning a
// RawDocument into a Document (decoding, extraction) is dear and parallel: convert.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "data/document.h"

namespace malmoi::data {

/// Bytes in order. One thread.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Up to `size` bytes into `buffer`; 0 only at the end.
  virtual Result<size_t> read(char* buffer, size_t size) = 0;
  /// The bytes in all, of a source that can `seek`; of one that only goes forward, nothing.
  virtual std::optional<uint64_t> size() const { return std::nullopt; }
  /// Goes to a place, from which the next read begins. Errors: a source without a size.
  virtual Status seek(uint64_t offset);
};

/// A file; `length` bytes from `offset` (to the end by default).
Result<std::unique_ptr<ByteSource>> open_file_source(const Path& path, uint64_t offset = 0,
                                                     uint64_t length = UINT64_MAX);
/// A file, plain or zstd, or a pipe; "-" is the standard input.
Result<std::unique_ptr<ByteSource>> open_line_source(const std::string& path);
std::unique_ptr<ByteSource> memory_source(std::string bytes);
/// `head`, which was taken out of `rest` to be looked at, and then `rest`.
std::unique_ptr<ByteSource> put_back(std::string head, std::unique_ptr<ByteSource> rest);
/// A source that can seek over the same bytes, held in memory, where there are at most `limit`; else in order, as before.
Result<std::unique_ptr<ByteSource>> hold_in_memory(std::unique_ptr<ByteSource> source, uint64_t limit);
/// UTF-16 (with or without its mark) as UTF-8; lone surrogates become U+FFFD.
std::unique_ptr<ByteSource> utf8_source(std::unique_ptr<ByteSource> utf16, bool big_endian);
/// Everything that is left. Errors: more than `limit` bytes.
Result<std::string> read_all(ByteSource& source, uint64_t limit, const std::string& where);

/// What no input may exceed; each breach is an error that names the input and the limit.
struct ReaderLimits {
  uint64_t document_bytes = 64ull << 20;  // of one document before conversion, and of one line
  uint64_t expanded_bytes = 1ull << 40;   // out of one compressed file or archive
  double expansion_ratio = 200;           // of the same, once it has given 64 MiB
  uint64_t archive_entries = 10'000'000;
  int nesting = 4;          // archives in archives
  double pdf_seconds = 30;  // of processor time, for one PDF
  uint64_t pdf_memory = 2ull << 30;
};

struct ReaderOptions {
  ReaderLimits limits;
  std::string format;         // a name of the table; empty: found out
  std::string text_field;     // JSON and CSV; empty: text, content, body ... whichever is there
  bool source_trees = false;  // take web pages' scripts and styles for documents too
  /// Of plain text, more than 0: a file is handed out in parts of at least so many bytes, each ending after a line break
  /// that no white space follows (or at ten times the size), so that its size does not matter.
  size_t text_part_bytes = 0;
  bool cells_alone =
      false;  // of tables, no column is the text: all go to meta, empty ones and those that a row lacks as null
  bool text_lines = false;  // of plain text, every line is a document of its own, without its line break
};

/// How the bytes of a RawDocument become text.
enum class Payload : uint8_t { kText, kHtml, kHtmlFragment, kMarkdown, kPdf, kOffice, kMail, kCode, kReady };

/// One document as it was found.
struct RawDocument {
  Payload payload = Payload::kText;
  std::string bytes;    // undecoded; of kReady empty
  std::string charset;  // as a header beside it says
  Document document;    // id, path and whatever else is known already; of kReady the text too
};

/// What was passed over, and why. `failed`: it should have been readable (counts for the exit code).
struct Skip {
  std::string id;
  std::string rule;  // "read.binary", "read.json" ...
  std::string detail;
  bool failed = true;
};
using OnSkip = std::function<void(Skip)>;

struct Expansion;  // expansion.h

/// One input while it is being read.
struct Input {
  std::unique_ptr<ByteSource> bytes;
  std::string id;    // of its documents: this, or this#n
  std::string path;  // the file it lies in
  std::string name;  // what its format is judged by: the last part of the path
  int depth = 0;
  bool named = false;                    // as InputFile has it
  std::shared_ptr<Expansion> expansion;  // of the outermost archive that it lies in
};

/// The documents of one input. An Error ends the input; a single bad record is reported by on_skip and passed over.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual Result<bool> next(RawDocument& out) = 0;

  /// The entry of the table by which it reads, as open_reader() chose it; "archive" where it holds further inputs.
  std::string_view format() const { return format_; }
  void set_format(std::string_view name) { format_ = name; }

 private:
  std::string_view format_ = "archive";
};

struct FormatEntry {
  std::string_view name;
  std::string_view summary;
  std::string_view extensions;  // ".html .htm"
  /// Whether content that begins so is of this format; null: told by extension alone.
  bool (*sniff)(std::string_view head);
  std::unique_ptr<Reader> (*make)(Input input, const ReaderOptions& options, const OnSkip& on_skip);
};

/// Every format; a test walks it.
std::span<const FormatEntry> format_table();

/// The reader for an input: its compression undone, its format found. Errors: a format that cannot be read (Parquet),
/// with the conversion; an input that is not a document (read.ignored goes to on_skip and gives a null reader).
Result<std::unique_ptr<Reader>> open_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip);

/// A range of a file, as work is divided. `id` and `path` are what its documents are called by.
struct InputFile {
  Path path;
  uint64_t offset = 0, length = UINT64_MAX;
  uint32_t source = 0;  // index of the source in the recipe
  bool named = false;   // by its own path, not found in a folder: read whatever its name says
};

}  // namespace malmoi::data
