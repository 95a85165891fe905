// TensorBoard event files: scalars and texts by step, readable while they are written.
//
// A record is: u64 length, u32 masked crc32c of the length, the bytes of an `Event` (protocol buffers), u32 masked crc32c
// of those. Source: TensorFlow's record_writer.h, event.proto, summary.proto.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::formats {

/// The Castagnoli checksum (RFC 3720).
uint32_t crc32c(std::string_view bytes);

/// One event file. Not thread-safe. Events are on disk after `flush`, and every few seconds.
class TensorboardWriter {
 public:
  /// Makes a new event file in `folder`. A resumed run gives the step that it goes on from: TensorBoard then forgets what
  /// earlier files of the folder say of that step and later ones.
  static Result<TensorboardWriter> create(const Path& folder, int64_t first_step = 0);

  Status scalar(std::string_view tag, int64_t step, float value);
  /// Shown as Markdown.
  Status text(std::string_view tag, int64_t step, std::string_view markdown);
  Status flush();
  const Path& path() const { return path_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  TensorboardWriter(std::FILE* file, Path path) : file_(file), path_(std::move(path)) {}
  Status write_event(int64_t step, int field, std::string_view payload);

  std::unique_ptr<std::FILE, Close> file_;
  Path path_;
  double flushed_at_ = 0;
};

}  // namespace malmoi::formats
