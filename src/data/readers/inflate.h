// The one place that undoes gzip, zlib and bare deflate: for files, for bodies of HTTP, for sitemaps.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "data/readers/reader.h"

namespace malmoi::data {

enum class Deflate : uint8_t { kGzip, kZlib, kRaw };

inline bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }
/// Whether the first two bytes can be those of a zlib stream (RFC 1950).
bool is_zlib(std::string_view bytes);

/// What came out of packed bytes, and how it ended.
struct Unpacked {
  enum class End : uint8_t { kWhole, kCut, kDamaged, kTooLarge };
  std::string bytes;
  End end = End::kWhole;
};

/// Unpacks at most `limit` bytes; of gzip every member. What stands before damage comes out too.
Unpacked inflate(std::string_view bytes, Deflate format, uint64_t limit);

/// The content of a gzip file while it is read: every member, and padding. Foreign bytes behind the last member end it and
/// are told once to `on_skip`, as a failure. All that could be unpacked is given before the error that says the file is cut
/// or damaged. What comes out counts for `expansion`, that of the outermost archive; null: this is it. Errors besides:
/// `inner`'s, and what passes the limits.
std::unique_ptr<ByteSource> gzip_source(std::unique_ptr<ByteSource> inner, const ReaderLimits& limits,
                                        std::string where, std::shared_ptr<Expansion>& expansion,
                                        const OnSkip& on_skip);

}  // namespace malmoi::data
