#include "app/bench/figures.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace malmoi::app {

Json spread(std::vector<double> figures) {
  std::sort(figures.begin(), figures.end());
  return {{"min", figures.front()}, {"median", figures[figures.size() / 2]}, {"max", figures.back()}};
}

int64_t peak_resident_bytes() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

}  // namespace malmoi::app
