// Zstandard streams over files: what the shards of a corpus are written with and read by.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::data {

/// Writes a `.zst` file atomically (see AtomicFile). The bytes depend only on what was written and on the level.
class ZstdWriter {
 public:
  static Result<ZstdWriter> create(const Path& path, int level = 6);
  ZstdWriter(ZstdWriter&&) noexcept;
  ZstdWriter& operator=(ZstdWriter&&) noexcept;
  ~ZstdWriter();

  Status write(std::string_view bytes);
  /// Ends the frame, syncs and renames.
  Status commit();
  /// Bytes written to the file so far (compressed).
  uint64_t compressed_bytes() const;

 private:
  struct State;
  explicit ZstdWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Reads a plain or a `.zst` file (told by its first bytes) line by line in bounded memory.
class LineReader {
 public:
  /// Lines longer than `max_line` are an error naming the line.
  static Result<LineReader> open(const Path& path, uint64_t max_line = 256ull << 20);
  LineReader(LineReader&&) noexcept;
  LineReader& operator=(LineReader&&) noexcept;
  ~LineReader();

  /// The next line without its end; the view lives until the next call. False at the end of the file.
  Result<bool> next(std::string_view& line);
  uint64_t line_number() const;

 private:
  struct State;
  explicit LineReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// One whole zstd frame of `bytes`, and the way back. Errors: a damaged frame, content larger than `limit`.
std::string zstd_compress(std::string_view bytes, int level = 3);
Result<std::string> zstd_decompress(std::string_view frame, const std::string& where, uint64_t limit);

}  // namespace malmoi::data
