// Writes WARC files, each record a gzip member, so that a file cut off anywhere is good up to its last whole record.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::data {

class WarcWriter {
 public:
  /// Goes on in file `number` after `size` bytes (what lies behind is cut off), or begins it with a warcinfo record. A
  /// file that is gone or shorter than that was moved away: the next number is begun, here and before each record.
  static Result<WarcWriter> open(const Path& folder, int number, uint64_t size, uint64_t limit,
                                 const std::string& agent);
  WarcWriter(WarcWriter&& other) noexcept;
  WarcWriter& operator=(WarcWriter&& other) noexcept;
  ~WarcWriter();

  /// `http`: the header as it came, with its empty line; a body that curl has decoded has its header corrected.
  Status response(const std::string& url, std::string_view http, std::string_view body);
  /// A page that did not change since (304).
  Status revisit(const std::string& url, std::string_view http);

  int number() const { return number_; }
  uint64_t size() const { return size_; }
  static std::string name(int number);

 private:
  WarcWriter(Path folder, int number, uint64_t limit, std::string agent)
      : folder_(std::move(folder)), number_(number), limit_(limit), agent_(std::move(agent)) {}
  Status start(uint64_t size);
  Status start_next();
  bool is_in_place(uint64_t size) const;
  Status record(std::string_view type, const std::string& url, std::string_view content_type, std::string_view block,
                std::string_view extra);
  Path folder_;
  int number_;
  uint64_t limit_, size_ = 0;
  std::string agent_;
  int fd_ = -1;
};

/// The head of an answer whose body is stored in one piece: with its length, without what packed it on its way.
std::string plain_head(const std::string& head, size_t length);

}  // namespace malmoi::data
