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

// The number in `digits`, where they are digits alone; -1 where they are not.
int number_of(std::string_view digits) {
  int number = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

std::optional<int64_t> day_of(std::string_view text) {
  if (text[4] != '-' || text[7] != '-') return {};
  const int year = number_of(text.substr(0, 4)), month = number_of(text.substr(5, 2)),
            day = number_of(text.substr(8, 2));
  if (year < 0 || month < 0 || day < 0) return {};
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return {};
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::sys_days(date).time_since_epoch()).count();
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

std::optional<int64_t> parse_utc(std::string_view text) {
  constexpr size_t kDay = 10, kMoment = 20;  // characters
  if (text.size() != kDay && text.size() != kMoment) return {};
  const std::optional<int64_t> day = day_of(text);
  if (!day || text.size() == kDay) return day;
  if (text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z') return {};
  const int hour = number_of(text.substr(11, 2)), minute = number_of(text.substr(14, 2)),
            second = number_of(text.substr(17, 2));
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return {};
  return *day + hour * 3600 + minute * 60 + second;
}

}  // namespace malmoi
