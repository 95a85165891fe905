// Lines of a ByteSource: the one reader of lines for every format that has them, with its limit. Longer lines are passed
// over, not held.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "data/encoding/line_decoder.h"
#include "data/readers/reader.h"

namespace malmoi::data {

/// What ends a line. kAny: LF or CR LF; in a file whose first line ends with CR alone, CR too. kLineFeed: LF, and a CR
/// before it belongs to the line.
enum class LineEnds { kAny, kLineFeed };

/// Lines as bytes.
class SourceLines {
 public:
  SourceLines(std::unique_ptr<ByteSource> source, uint64_t limit, LineEnds ends = LineEnds::kAny)
      : source_(std::move(source)), limit_(limit), ends_(ends == LineEnds::kAny ? Ends::kUnknown : Ends::kExact) {}

  /// The next line without its end; the view lives until the next call. False at the end.
  /// A line longer than the limit comes back empty, with `too_long()`.
  Result<bool> next(std::string_view& line);
  bool too_long() const { return too_long_; }
  /// The number of the last line, from 1.
  uint64_t number() const { return number_; }

  /// The source from the last line on: at least `size` bytes of it unless it ends before. Views of lines move.
  Result<std::string_view> ahead(size_t size);

 private:
  enum class Ends { kUnknown, kLineFeed, kEither, kExact };
  Status fill();
  size_t find_end() const;
  Result<bool> end_line(size_t end, std::string_view& line);
  std::unique_ptr<ByteSource> source_;
  uint64_t limit_;
  std::string buffer_;
  size_t line_ = 0;                 // where the last line begins
  size_t begin_ = 0, scanned_ = 0;  // where the next one begins, and up to where it has no end
  bool finished_ = false, too_long_ = false;
  Ends ends_;
  uint64_t number_ = 0;
};

/// The same lines as UTF-8, in the one encoding that the file is in; a byte order mark is taken away.
class DecodedLines {
 public:
  DecodedLines(std::unique_ptr<ByteSource> source, uint64_t limit, LineEnds ends = LineEnds::kAny)
      : lines_(std::move(source), limit, ends) {}
  Result<bool> next(std::string_view& line);
  bool too_long() const { return lines_.too_long(); }
  uint64_t number() const { return lines_.number(); }
  /// Of the last line that was not ASCII; "utf-8" before one.
  const std::string& encoding() const { return encoding_; }

 private:
  SourceLines lines_;
  LineDecoder decoder_;
  std::string decoded_, encoding_ = "utf-8";
};

}  // namespace malmoi::data
