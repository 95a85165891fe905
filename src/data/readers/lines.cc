#include "data/readers/lines.h"

namespace malmoi::data {

Status SourceLines::fill() {
  constexpr size_t kChunk = 1 << 17;
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  size_t old = buffer_.size();
  buffer_.resize(old + kChunk);
  Result<size_t> n = source_->read(buffer_.data() + old, kChunk);
  buffer_.resize(old + (n.ok() ? *n : 0));
  if (!n.ok()) return std::move(n).error();
  finished_ = *n == 0;
  return {};
}

Result<bool> SourceLines::next(std::string_view& line) {
  too_long_ = false;
  while (true) {
    size_t end = buffer_.find('\n', scanned_);
    if (end == std::string::npos && finished_) {
      if (begin_ == buffer_.size() && !too_long_) return false;
      end = buffer_.size();
    }
    if (end != std::string::npos) {
      line = too_long_ ? std::string_view() : std::string_view(buffer_).substr(begin_, end - begin_);
      if (line.ends_with('\r')) line.remove_suffix(1);
      begin_ = scanned_ = std::min(end + 1, buffer_.size());
      ++number_;
      return true;
    }
    scanned_ = buffer_.size();
    if (scanned_ - begin_ > limit_) {
      too_long_ = true;
      begin_ = scanned_;
    }
    MALMOI_TRY(fill());
  }
}

}  // namespace malmoi::data
