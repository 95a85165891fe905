// Lines of a ByteSource, with a limit on their length; longer lines are passed over, not held.
#pragma once

#include <string>
#include <string_view>

#include "data/readers/reader.h"

namespace malmoi::data {

class SourceLines {
 public:
  SourceLines(std::unique_ptr<ByteSource> source, uint64_t limit) : source_(std::move(source)), limit_(limit) {}

  /// The next line without its end (LF or CR LF); the view lives until the next call. False at the end.
  /// A line longer than the limit comes back cut, with `too_long()`.
  Result<bool> next(std::string_view& line);
  bool too_long() const { return too_long_; }
  uint64_t number() const { return number_; }

 private:
  Status fill();
  std::unique_ptr<ByteSource> source_;
  uint64_t limit_;
  std::string buffer_;
  size_t begin_ = 0, scanned_ = 0;
  bool finished_ = false, too_long_ = false;
  uint64_t number_ = 0;
};

}  // namespace malmoi::data
