// Starting other programs.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace malmoi {

struct SpawnOptions {
  int in = -1, out = -1, err = -1;  // descriptors of its streams; -1: /dev/null
  std::string folder;               // where it begins; empty: where this process is
};

/// Starts `program` (looked for in PATH unless it has a slash) with `words`, the first of which is what it is called. It has no other
/// descriptor of ours, a process group of its own, so that Ctrl-C in our terminal is ours alone, and signals as they usually are,
/// whatever this process blocks or ignores. A number of errno where it cannot be started, else 0 and its number in `process`.
int spawn(const std::string& program, std::vector<std::string> words, const SpawnOptions& options, pid_t& process);

}  // namespace malmoi
