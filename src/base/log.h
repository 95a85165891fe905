// Messages for people: log lines and progress, all on stderr, so that stdout carries results alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace malmoi {

enum class LogLevel { kInfo, kWarning };

/// One line on stderr; clears a progress line that stands there. Thread-safe. Line breaks in `message` become spaces.
void log(LogLevel level, std::string_view message);
inline void log_info(std::string_view message) { log(LogLevel::kInfo, message); }
inline void log_warning(std::string_view message) { log(LogLevel::kWarning, message); }

/// Seconds since some fixed moment, never going back.
double monotonic_seconds();
/// `42 s`, `3 min 05 s`, `2 h 10 min`.
std::string format_duration(double seconds);
/// `812 B`, `1.5 MB`, `2.60 GB` (powers of 1000).
std::string format_bytes(double bytes);
/// `950`, `12.3k`, `124.4M`, `2.10B`.
std::string format_count(double count);

/// A line that is redrawn in place on a terminal, at most ten times a second; elsewhere a plain line every
/// `plain_interval` seconds. The text is the caller's. Thread-safe against log().
class ProgressLine {
 public:
  explicit ProgressLine(double plain_interval = 10.0);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  /// Whether an update now would be shown; lets callers skip the formatting.
  bool due() const;
  void update(std::string_view text, bool force = false);
  /// Leaves `text` as the last line.
  void finish(std::string_view text = {});

 private:
  double plain_interval_;
  double last_ = -1e9;
  bool terminal_;
};

}  // namespace malmoi
