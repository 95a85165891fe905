// The options of a sandbox in a configuration.
#pragma once

#include "base/config.h"
#include "reward/sandbox/limits.h"

namespace malmoi::reward {

/// `seconds`, `processor_seconds`, `memory_mb`, `disk_mb`, `output_kb`, `processes`, `open_files`.
inline SandboxLimits read_sandbox_limits(ConfigReader& reader) {
  constexpr double kDay = 86400;
  SandboxLimits limits;
  limits.seconds = reader.number("seconds", limits.seconds, 0.1, kDay);
  limits.processor_seconds = reader.number("processor_seconds", limits.seconds, 1, kDay);
  limits.memory_bytes = static_cast<uint64_t>(reader.integer("memory_mb", 512, 16, 1 << 20)) << 20;
  limits.disk_bytes = static_cast<uint64_t>(reader.integer("disk_mb", 16, 1, 1 << 16)) << 20;
  limits.output_bytes = static_cast<uint64_t>(reader.integer("output_kb", 1024, 1, 1 << 20)) << 10;
  limits.processes = reader.integer("processes", limits.processes, 1, 4096);
  limits.open_files = reader.integer("open_files", limits.open_files, 16, 1 << 16);
  return limits;
}

}  // namespace malmoi::reward
