// Amounts of memory as people write them.
#include <charconv>

#include "train/config.h"

namespace malmoi::train {

Result<int64_t> parse_bytes(std::string_view text, const std::string& where) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  static const std::pair<std::string_view, double> kUnits[] = {{"", 1},
                                                               {"B", 1},
                                                               {"kB", 1e3},
                                                               {"KB", 1e3},
                                                               {"MB", 1e6},
                                                               {"GB", 1e9},
                                                               {"TB", 1e12},
                                                               {"KiB", 1024.0},
                                                               {"MiB", 1048576.0},
                                                               {"GiB", 1073741824.0},
                                                               {"TiB", 1099511627776.0}};
  for (auto [name, factor] : kUnits) {
    if (error == std::errc() && unit == name && value > 0 && value * factor < 9e18)
      return static_cast<int64_t>(value * factor);
  }
  return usage_error("'" + std::string(text) + "' is no amount of memory", where,
                     "write 2GB, 1.5GiB or a number of bytes");
}

}  // namespace malmoi::train
