// Time a kernel: totals by name, and a trace that chrome://tracing and Perfetto open.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::autograd {

/// Collects spans of one thread. Names must outlive the profile (string literals).
class Profile {
 public:
  struct Total {
    int64_t calls = 0;
    double seconds = 0;
    double flops = 0;
  };
  void add(const char* name, double begin, double end, double flops);
  const std::map<std::string, Total>& totals() const { return totals_; }
  /// A table by time: name, calls, ms, share, GFLOP/s where known.
  std::string table() const;
  /// Chrome's trace event format, microseconds.
  Status write_trace(const Path& path) const;

 private:
  struct Span {
    const char* name;
    double begin, end;
  };
  static constexpr size_t kMaxSpans = 1 << 20;
  std::map<std::string, Total> totals_;
  std::vector<Span> spans_;
};

}  // namespace malmoi::autograd
