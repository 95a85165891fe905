#include "data/build/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/counted.h"
#include "base/log.h"

namespace malmoi::data {

// Before that, a speed says nothing.
constexpr double kFirstSeconds = 0.5;

void BuildProgress::show(const BuildState& state) {
  if (state.stage != stage_) {
    stage_ = state.stage;
    started_ = monotonic_seconds();
    documents_ = state.documents;
    bytes_ = state.bytes;
  }
  double seconds = monotonic_seconds() - started_;
  if (seconds >= kFirstSeconds && progress_.due()) progress_(line(state, seconds));
}

std::string BuildProgress::line(const BuildState& state, double seconds) const {
  auto bytes = static_cast<double>(state.bytes - std::min(state.bytes, bytes_));
  auto total = static_cast<double>(state.total_bytes);
  double rest = std::max(0.0, total - static_cast<double>(state.bytes));
  int percent = total > 0 ? static_cast<int>(100 * std::min(1.0, static_cast<double>(state.bytes) / total)) : 0;
  std::string left = format_duration(bytes > 0 ? seconds * rest / bytes : 0);
  std::string speed = format_bytes(bytes / seconds);
  if (state.stage == "read")
    return fmt::format("read {:3} %  {}, {} passed  {:.0f} documents/s  {}/s  {} left", percent,
                       counted(state.documents, "document"), state.kept,
                       static_cast<double>(state.documents - documents_) / seconds, speed, left);
  if (bytes <= 0) return state.stage;
  return fmt::format("{} {:3} %{}  {} left", state.stage, percent, state.stage == "write" ? "  " + speed + "/s" : "",
                     left);
}

}  // namespace malmoi::data
