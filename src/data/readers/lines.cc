#include "data/readers/lines.h"

#include <algorithm>

namespace malmoi::data {
Status SourceLines::fill() {
  constexpr size_t kChunk = 1 << 17;
  buffer_.erase(0, line_);
  scanned_ -= line_;
  begin_ -= line_;
  line_ = 0;
  size_t old = buffer_.size();
  buffer_.resize(old + kChunk);
  Result<size_t> n = source_->read(buffer_.data() + old, kChunk);
  buffer_.resize(old + (n.ok() ? *n : 0));
  if (!n.ok()) return std::move(n).error();
  finished_ = *n == 0;
  return {};
}

// Where the line ends in what is held; npos: not yet.
size_t SourceLines::find_end() const {
  std::string_view held = buffer_;
  if (ends_ == Ends::kLineFeed || ends_ == Ends::kExact) return held.find('\n', scanned_);
  return held.find_first_of("\r\n", scanned_);
}

// The first end that is met says what ends lines: CR does so only where no LF follows it.
Result<bool> SourceLines::end_line(size_t end, std::string_view& line) {
  if (end + 1 == buffer_.size() && buffer_[end] == '\r' && !finished_) {
    size_t from_line = end - line_;
    MALMOI_TRY(fill());
    end = line_ + from_line;
  }
  bool line_feed = end + 1 < buffer_.size() && buffer_[end + 1] == '\n';
  if (ends_ == Ends::kUnknown) ends_ = buffer_[end] == '\r' && !line_feed ? Ends::kEither : Ends::kLineFeed;
  size_t next = buffer_[end] == '\r' && line_feed ? end + 2 : end + 1;
  line = too_long_ ? std::string_view() : std::string_view(buffer_).substr(line_, end - line_);
  if (ends_ == Ends::kLineFeed && line.ends_with('\r')) line.remove_suffix(1);
  begin_ = scanned_ = std::min(next, buffer_.size());
  ++number_;
  return true;
}

Result<bool> SourceLines::next(std::string_view& line) {
  too_long_ = false;
  line_ = begin_;
  while (true) {
    size_t end = find_end();
    if (end != std::string::npos) return end_line(end, line);
    scanned_ = buffer_.size();
    if (finished_) {
      if (line_ == buffer_.size() && !too_long_) return false;
      line = too_long_ ? std::string_view() : std::string_view(buffer_).substr(line_);
      if (ends_ != Ends::kExact && line.ends_with('\r')) line.remove_suffix(1);
      begin_ = buffer_.size();
      ++number_;
      return true;
    }
    if (scanned_ - line_ > limit_) {
      too_long_ = true;
      line_ = begin_ = scanned_;
    }
    MALMOI_TRY(fill());
  }
}

Result<std::string_view> SourceLines::ahead(size_t size) {
  while (!finished_ && buffer_.size() - line_ < size) MALMOI_TRY(fill());
  return std::string_view(buffer_).substr(line_);
}

Result<bool> DecodedLines::next(std::string_view& line) {
  constexpr size_t kAhead = 4 * internal::kSampleBytes;
  MALMOI_ASSIGN(bool more, lines_.next(line));
  if (!more) return false;
  bool marked = lines_.number() == 1 && line.starts_with("\xEF\xBB\xBF");
  if (!decoder_.stands(line)) {
    size_t size = line.size();
    MALMOI_ASSIGN(std::string_view ahead, lines_.ahead(std::max(size, kAhead)));
    Decoded decoded = decoder_.decode(ahead.substr(0, size), ahead);
    encoding_ = std::move(decoded.encoding);
    decoded_ = std::move(decoded.text);
    line = decoded_;
  }
  if (decoder_.label() == "utf-8") encoding_ = "utf-8";
  if (marked && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  return true;
}

}  // namespace malmoi::data
