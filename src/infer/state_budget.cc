#include "infer/state_budget.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "base/file.h"

namespace malmoi::infer {
namespace {

constexpr size_t kLeast = size_t{64} << 20;
constexpr size_t kMostFileBytes = 1 << 16;

// The first number of a text, or `otherwise` (a control group without a limit says "max").
size_t number(std::string_view text, size_t otherwise) {
  size_t begin = text.find_first_not_of(" \t");
  size_t value = 0;
  if (begin == text.npos || std::from_chars(text.data() + begin, text.data() + text.size(), value).ec != std::errc())
    return otherwise;
  return value;
}

size_t number_of_file(const char* path, size_t otherwise) {
  auto text = read_file(path, kMostFileBytes);
  return text.ok() ? number(*text, otherwise) : otherwise;
}

size_t machine_bytes() {
  if (auto meminfo = read_file("/proc/meminfo", kMostFileBytes); meminfo.ok()) {
    if (size_t bytes = available_bytes(*meminfo); bytes > 0) return bytes;
  }
  return static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// What a container may still take; its limit stands where its own control group is mounted.
size_t container_bytes() {
  size_t limit = number_of_file("/sys/fs/cgroup/memory.max", SIZE_MAX);
  if (limit == SIZE_MAX) return limit;
  size_t used = number_of_file("/sys/fs/cgroup/memory.current", 0);
  return limit - std::min(used, limit);
}

}  // namespace

size_t available_bytes(std::string_view meminfo) {
  constexpr std::string_view kKey = "MemAvailable:";
  size_t at = meminfo.find(kKey);
  return at == meminfo.npos ? 0 : number(meminfo.substr(at + kKey.size()), 0) * 1024;
}

size_t free_bytes() { return std::min(machine_bytes(), container_bytes()); }

size_t default_state_bytes() { return std::max(free_bytes() / 2, kLeast); }

}  // namespace malmoi::infer
