// One run of a sandbox as whoever asked for it sees it: pipes, a clock, and the end of all its processes.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "base/pipes.h"
#include "reward/sandbox/child.h"

namespace malmoi::reward {

/// What came of it.
struct SandboxTrace {
  SandboxReport report;
  bool reported = false, timed_out = false, too_long = false;
  std::string output, errors;
};

/// One thread. The destructor ends every process of it.
class SandboxProcess {
 public:
  SandboxProcess() = default;
  ~SandboxProcess() { end(); }
  SandboxProcess(const SandboxProcess&) = delete;
  SandboxProcess& operator=(const SandboxProcess&) = delete;

  /// Begins the first process of `plan`, which must outlive it and whose descriptors it sets, as this user and group of the machine.
  /// Errors: kUnsupported, there are no namespaces to be had.
  Status start(SandboxPlan& plan, uint32_t outer_user, uint32_t outer_group);
  /// Feeds and reads it until all has ended, or must. Errors: kCancelled.
  Result<SandboxTrace> follow(std::string_view input, const SandboxLimits& limits, const StopToken& stop);

 private:
  Status let_go(const SandboxPlan& plan, uint32_t outer_user, uint32_t outer_group);
  void feed(std::string_view& input);
  void end();

  std::vector<char> stack_;  // of the first process, while it lives
  pid_t pid_ = -1;
  Descriptor in_, out_, err_, report_, go_;
};

/// What the system refused, and what to do about it.
Error sandbox_refusal(SandboxStage stage, int errno_value);

}  // namespace malmoi::reward
