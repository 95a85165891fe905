// The curves of a run, from the metrics.jsonl that it writes: read as the file grows, thinned for whoever draws them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/serve/runs/thinned.h"
#include "base/error.h"
#include "base/open_folder.h"

namespace malmoi::app {

/// The whole lines of a file that grows, in the order in which they come. A file that was replaced or cut is read anew.
class GrowingLines {
 public:
  struct Read {
    std::vector<std::string> lines;
    bool anew = false;  // what was read before no longer counts
    bool more = false;  // there is more to read at once
  };
  /// What is new in `folder`'s file `name`; nothing while it is not there. At most some megabytes at a time, so that who reads can
  /// be stopped. Errors: it cannot be read.
  Result<Read> next(const OpenFolder& folder, const std::string& name);

 private:
  uint64_t device_ = 0, inode_ = 0;
  int64_t offset_ = 0;
  std::string rest_;  // of a line without its end
};

/// What the lines of metrics.jsonl say, curve by curve. Lines that are damaged are passed over.
class Curves {
 public:
  /// Only of steps behind `after` points are kept; tokens and seconds are counted from the beginning.
  explicit Curves(int64_t after = -1) : after_(after) {}

  void add(const std::string& line);
  /// Forgets the points, and goes on counting: for those that come next.
  void forget_points();

  bool empty() const { return curves_.empty(); }
  /// {"last_step", "series": {NAME: {"points", "count"}}, "skipped": [STEP ...]}
  Json to_json() const;

 private:
  void add_value(const std::string& name, double value);

  int64_t after_, last_step_ = -1;  // -1: none
  double tokens_ = 0, seconds_ = 0;
  std::vector<std::pair<std::string, Thinned>> curves_;  // in the order in which they were named first
  std::vector<int64_t> skipped_;                         // the newest of them
};

}  // namespace malmoi::app
