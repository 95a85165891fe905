// The raw documents of a list of files, one after the other. Failures of single files are reported and passed over.
#pragma once

#include <memory>
#include <vector>

#include "data/readers/reader.h"

namespace malmoi::data {

class InputStream {
 public:
  /// `options` by source: files[i].source indexes it. `bytes_read` is counted up as files are consumed.
  InputStream(std::vector<InputFile> files, std::vector<ReaderOptions> options, OnSkip on_skip);

  /// The next raw document and the source it belongs to; false at the end. Never fails as a whole.
  bool next(RawDocument& out, uint32_t& source);
  uint64_t bytes_read() const { return bytes_read_; }
  /// The file that the next document comes from, if it holds another one.
  std::string current() const { return at_ < files_.size() ? files_[at_].path.string() : std::string(); }

 private:
  bool open_next();
  std::vector<InputFile> files_;
  std::vector<ReaderOptions> options_;
  OnSkip on_skip_;
  size_t at_ = 0;
  std::unique_ptr<Reader> reader_;
  uint64_t bytes_read_ = 0;
};

/// The regular files under `path` in order (or itself); a folder that cannot be listed in part is reported.
Result<std::vector<Path>> list_inputs(const Path& path, const OnSkip& on_skip);

}  // namespace malmoi::data
