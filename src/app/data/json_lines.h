// Commands that read JSON lines with a "text" and write them back with something added, many lines at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "base/json.h"
#include "data/readers/lines.h"

namespace malmoi::app {

/// The lines of a file (plain or zstd), or of a shell's pipe or the standard input ("-", plain), byte for byte.
class RawLines {
 public:
  static Result<RawLines> open(const std::string& path);
  /// The next line without its LF; the view lives until the next call. False at the end. Errors: a line above 1 GiB.
  Result<bool> next(std::string_view& line);
  uint64_t line_number() const { return lines_.number(); }

 private:
  RawLines(data::SourceLines lines, std::string name) : lines_(std::move(lines)), name_(std::move(name)) {}
  data::SourceLines lines_;
  std::string name_;
};

/// A path as messages have it: "-" is the standard input.
std::string input_name(const std::string& path);

/// A line that is a JSON object whose "text" is a string.
struct TextLine {
  uint64_t number = 0;  // in the file, from 1
  Json object;
  bool ok = false;  // otherwise the line could not be read and is left out
  const std::string& text() const { return object.find("text")->get_ref<const std::string&>(); }
};

/// The lines of a file (plain or zstd; "-" is the standard input) in batches, in whatever encoding they are, parsed over
/// the compute threads. Lines that cannot be read are named, without their content, and counted.
class TextLines {
 public:
  /// `name` stands for the input in messages. Of the lines that cannot be read the first `named` are told to `warn`.
  static Result<TextLines> open(const std::string& path, const std::string& name, const Warn& warn,
                                uint64_t named = 20);
  /// The next lines, about 8 MB of them; empty at the end. Empty lines are passed over.
  Status next(std::vector<TextLine>& batch);
  uint64_t skipped() const { return skipped_; }
  const std::string& name() const { return name_; }

 private:
  TextLines(data::DecodedLines reader, std::string name, Warn warn, uint64_t named)
      : reader_(std::move(reader)), name_(std::move(name)), warn_(std::move(warn)), named_(named) {}
  data::DecodedLines reader_;
  std::string name_;
  Warn warn_;
  uint64_t named_, skipped_ = 0;
};

/// Takes finished lines, without their line breaks.
using LineSink = std::function<Status(std::string_view line)>;
/// Writes lines to the standard output. Errors: a full disk, a closed pipe.
LineSink standard_output();
/// The error of a command that left out `skipped` lines; success if there were none.
Status skipped_lines(uint64_t skipped, const std::string& name);

}  // namespace malmoi::app
