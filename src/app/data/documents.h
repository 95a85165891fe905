// Documents out of corpora and of files of any format, for what learns from texts: read and decoded as `data build` does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "data/corpus.h"
#include "data/readers/input_stream.h"

namespace malmoi::app {

/// The documents of `paths` in order: of a built corpus those of one split ("" takes all), of other folders and files what
/// is in them. What cannot be read is told to `warn`, the first twenty by name, counted and passed over. One thread.
class Documents {
 public:
  /// Errors: a path that is not there, a corpus without its shards.
  static Result<Documents> open(const std::vector<Path>& paths, const std::string& split, data::ReaderOptions reader,
                                const Warn& warn);
  /// The next document; false at the end. Errors: damage in a corpus.
  Result<bool> next(data::Document& document);
  /// Inputs that should have been readable, so far.
  uint64_t skipped() const { return passed_over_->inputs; }
  /// What was wrong with the first of them; empty: none was skipped.
  const std::string& first_problem() const { return passed_over_->first; }

 private:
  // A run of paths of one kind: either of the two.
  struct Part {
    std::unique_ptr<data::DocumentStream> corpus;
    std::unique_ptr<data::InputStream> files;
  };
  struct PassedOver {
    uint64_t inputs = 0;
    std::string first;
  };
  bool next_of_files(data::InputStream& files, data::Document& document);
  std::vector<Part> parts_;
  size_t at_ = 0;
  data::OnSkip on_skip_;
  std::shared_ptr<PassedOver> passed_over_ = std::make_shared<PassedOver>();
};

}  // namespace malmoi::app
