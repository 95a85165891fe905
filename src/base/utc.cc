#include "base/utc.h"

#include <fmt/format.h>

#include <cstdint>
#include <ctime>

namespace malmoi {
namespace {

std::string to_seconds(std::time_t moment) {
  std::tm parts{};
  gmtime_r(&moment, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return text;
}

}  // namespace

std::string utc_text(int64_t seconds) { return to_seconds(seconds) + "Z"; }
std::string utc_now() { return to_seconds(std::time(nullptr)) + "Z"; }

std::string utc_text(std::chrono::system_clock::time_point moment) {
  const auto second = std::chrono::floor<std::chrono::seconds>(moment);
  const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(moment - second);
  return fmt::format("{}.{:06}Z", to_seconds(std::chrono::system_clock::to_time_t(second)),
                     static_cast<int64_t>(rest.count()));
}

}  // namespace malmoi
