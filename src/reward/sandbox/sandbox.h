// A place to run programs that nobody has read: they see the system's folders and no others, no network and no other process, and
// leave nothing behind.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "reward/sandbox/child.h"
#include "reward/sandbox/limits.h"

namespace malmoi::reward {

struct SandboxRun {
  std::vector<std::string> words;  // the program, by its whole path, and its arguments
  std::vector<SandboxFile> files;  // in /tmp, where it begins
  std::string_view input;          // its standard input
};

enum class SandboxEnd : uint8_t { kExit, kSignal, kSeconds, kMemory, kOutput, kFiles };

struct SandboxOutcome {
  SandboxEnd end = SandboxEnd::kExit;
  int code = 0;  // the exit status, or the signal that ended it
  std::string output, errors;

  bool succeeded() const { return end == SandboxEnd::kExit && code == 0; }
  /// "ended with status 1", "took longer than 10 s" ...
  std::string in_words(const SandboxLimits& limits) const;
};

/// A run has user, mount, process, network, IPC, host and cgroup namespaces of its own (namespaces(7)), no rights and no way to get any,
/// a filter of calls (filter.h) and limits. /tmp is its own and the only place that can be written; of the system it has /usr, what
/// links into it, a few devices, and `readable`. When it ends, is ended or whoever asked dies, every process of it dies. Linux
/// from 5.12. Immutable; runs of several threads go on side by side.
class Sandbox {
 public:
  /// Tries it once. Errors: kUnsupported, what this machine does not allow, with the remedy.
  static Result<std::unique_ptr<const Sandbox>> open(const SandboxLimits& limits,
                                                     const std::vector<std::string>& readable = {});

  /// What becomes of a program is an outcome. Errors: no process could be begun; kCancelled.
  Result<SandboxOutcome> run(const SandboxRun& run, const StopToken& stop = {}) const;
  const SandboxLimits& limits() const { return limits_; }

 private:
  explicit Sandbox(const SandboxLimits& limits) : limits_(limits) {}

  SandboxLimits limits_;
  SandboxPlan plan_;  // what all runs have in common
};

}  // namespace malmoi::reward
