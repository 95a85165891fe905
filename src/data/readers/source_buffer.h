// A window over a ByteSource, for readers that look for marks rather than lines.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "data/readers/reader.h"

namespace malmoi::data {

class SourceBuffer {
 public:
  explicit SourceBuffer(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  /// What is held and not yet passed.
  std::string_view view() const { return std::string_view(bytes_).substr(at_); }
  void pass(size_t n) { at_ += std::min(n, bytes_.size() - at_); }
  bool finished() const { return finished_; }

  /// Reads some more behind view(); at the end of the source finished() is set.
  Status fill() {
    constexpr size_t kChunk = 1 << 17;
    bytes_.erase(0, std::exchange(at_, 0));
    size_t old = bytes_.size();
    bytes_.resize(old + kChunk);
    Result<size_t> n = source_->read(bytes_.data() + old, kChunk);
    bytes_.resize(old + (n.ok() ? *n : 0));
    if (!n.ok()) return std::move(n).error();
    finished_ = *n == 0;
    return {};
  }

 private:
  std::unique_ptr<ByteSource> source_;
  std::string bytes_;
  size_t at_ = 0;
  bool finished_ = false;
};

}  // namespace malmoi::data
