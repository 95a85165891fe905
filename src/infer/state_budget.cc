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
  if (auto stat = read_file("/sys/fs/cgroup/memory.stat", kMostFileBytes); stat.ok())
    used -= std::min(used, unmapped_file_bytes(*stat));
  return limit - std::min(used, limit);
}

}  // namespace

size_t available_bytes(std::string_view meminfo) {
  constexpr std::string_view kKey = "MemAvailable:";
  size_t at = meminfo.find(kKey);
  return at == meminfo.npos ? 0 : number(meminfo.substr(at + kKey.size()), 0) * 1024;
}

size_t unmapped_file_bytes(std::string_view stat) {
  size_t files = 0, mapped = 0;
  for (size_t at = 0; at < stat.size();) {
    const std::string_view line = stat.substr(at, stat.find('\n', at) - at);
    at += line.size() + 1;
    const size_t space = line.find(' ');
    if (space == line.npos) continue;
    const std::string_view key = line.substr(0, space);
    if (key == "active_file" || key == "inactive_file") files += number(line.substr(space), 0);
    if (key == "file_mapped") mapped = number(line.substr(space), 0);
  }
  return files - std::min(files, mapped);
}

size_t free_bytes() { return std::min(machine_bytes(), container_bytes()); }

size_t default_state_bytes() { return std::max(free_bytes() / 2, kLeast); }

}  // namespace malmoi::infer
