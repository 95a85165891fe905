#include "base/log.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <mutex>

#include "base/shown.h"
#include "base/utf8.h"

namespace malmoi {
namespace {

std::mutex output_mutex;
bool line_open = false;  // a progress line stands on the terminal; guarded by output_mutex

std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  return show_controls(line);
}

void emit(std::string_view text) { (void)!::write(STDERR_FILENO, text.data(), text.size()); }

// The prefix of `text` that fits in `columns`, counting wide (East Asian) characters as two.
std::string_view fit_columns(std::string_view text, int columns) {
  int used = 0;
  for (size_t i = 0; i < text.size();) {
    Utf8Char c = decode_utf8(text, i);
    used += c.code_point >= 0x1100 ? 2 : 1;
    if (used > columns) return text.substr(0, i);
    i += c.length;
  }
  return text;
}

int terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

void log(LogLevel level, std::string_view message) {
  const char* prefix = level == LogLevel::kWarning ? "warning: " : "";
  std::string line = fmt::format("{}{}\n", prefix, one_line(message));
  std::lock_guard lock(output_mutex);
  if (line_open) line.insert(0, "\r\x1b[K");
  line_open = false;
  emit(line);
}

double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string format_duration(double seconds) {
  if (!(seconds >= 0) || seconds > 1e9) return "?";
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  auto s = static_cast<int64_t>(seconds + 0.5);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s % 3600 / 60);
}

std::string format_bytes(double bytes) {
  if (bytes < 1e3) return fmt::format("{:.0f} B", bytes);
  if (bytes < 1e6) return fmt::format("{:.1f} kB", bytes / 1e3);
  if (bytes < 1e9) return fmt::format("{:.1f} MB", bytes / 1e6);
  return fmt::format("{:.2f} GB", bytes / 1e9);
}

std::string format_count(double count) {
  if (count < 1e3) return fmt::format("{:.0f}", count);
  if (count < 1e6) return fmt::format("{:.1f}k", count / 1e3);
  if (count < 1e9) return fmt::format("{:.1f}M", count / 1e6);
  if (count < 1e12) return fmt::format("{:.2f}B", count / 1e9);
  return fmt::format("{:.2f}T", count / 1e12);
}

ProgressLine::ProgressLine(double plain_interval)
    : plain_interval_(plain_interval), terminal_(::isatty(STDERR_FILENO) != 0) {}

ProgressLine::~ProgressLine() { finish(); }

bool ProgressLine::due() const { return monotonic_seconds() - last_ >= (terminal_ ? 0.1 : plain_interval_); }

void ProgressLine::update(std::string_view text, bool force) {
  if (!force && !due()) return;
  last_ = monotonic_seconds();
  std::string line = one_line(text);
  std::lock_guard lock(output_mutex);
  if (terminal_) {
    emit(fmt::format("\r\x1b[K{}", fit_columns(line, terminal_columns() - 1)));
    line_open = true;
  } else {
    emit(line + "\n");
  }
}

void ProgressLine::finish(std::string_view text) {
  std::lock_guard lock(output_mutex);
  std::string line;
  if (line_open) line = text.empty() ? "\n" : "\r\x1b[K";
  line_open = false;
  if (!text.empty()) line += one_line(text) + "\n";
  emit(line);
}

}  // namespace malmoi
