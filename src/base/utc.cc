#include "base/utc.h"

#include <ctime>

namespace malmoi {

std::string utc_text(int64_t seconds) {
  const std::time_t moment = seconds;
  std::tm parts{};
  gmtime_r(&moment, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string utc_now() { return utc_text(std::time(nullptr)); }

}  // namespace malmoi
