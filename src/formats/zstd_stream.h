// Streams of bytes and lines, plain or zstd-compressed: what corpora are written to and read from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::formats {

/// Compresses a text in memory. `level` 1 (fast) to 19 (small).
std::string zstd_compress(std::string_view bytes, int level = 3);
/// The content of one or more zstd frames. Errors: damage, truncation, more than `limit` bytes.
Result<std::string> zstd_decompress(std::string_view bytes, uint64_t limit, const std::string& where);

/// A zstd file written as a stream, atomically, with a content checksum.
class ZstdWriter {
 public:
  static Result<ZstdWriter> create(const Path& path, int level = 3);
  ZstdWriter(ZstdWriter&&) noexcept;
  ZstdWriter& operator=(ZstdWriter&&) noexcept;
  ~ZstdWriter();

  Status write(std::string_view bytes);
  /// Bytes given so far, before compression.
  uint64_t size() const;
  /// Bytes that have left the compressor so far; of a committed file its size.
  uint64_t compressed_size() const;
  Status commit();

 private:
  struct State;
  explicit ZstdWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The bytes of a file, decompressed if it begins with a zstd frame. Memory is bounded (frames that ask for a window above
/// 128 MiB are refused). Errors name the file and the offset in the compressed bytes.
class ByteReader {
 public:
  static Result<ByteReader> open(const Path& path);
  ByteReader(ByteReader&&) noexcept;
  ByteReader& operator=(ByteReader&&) noexcept;
  ~ByteReader();

  /// The next bytes (valid until the next call); empty at the end.
  Result<std::string_view> next();

 private:
  struct State;
  explicit ByteReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The lines of a plain or zstd file (.jsonl, .jsonl.zst, .txt). A last line without a line break counts.
class LineReader {
 public:
  static Result<LineReader> open(const Path& path, size_t max_line_bytes = size_t{1} << 30);

  /// Sets `line` to the next line without its '\n' (valid until the next call); false at the end.
  /// Errors: a line above the limit, damage.
  Result<bool> next(std::string_view& line);
  /// The number of the last line, from 1.
  uint64_t line_number() const { return line_number_; }
  /// `path:line`, for messages.
  std::string where() const { return path_.string() + ":" + std::to_string(line_number_); }

 private:
  LineReader(ByteReader bytes, Path path, size_t limit)
      : bytes_(std::move(bytes)), path_(std::move(path)), limit_(limit) {}
  ByteReader bytes_;
  Path path_;
  size_t limit_;
  std::string_view chunk_;  // not yet handed out
  std::string joined_;      // a line that crosses chunks
  uint64_t line_number_ = 0;
};

}  // namespace malmoi::formats
