#include "reward/sandbox/sandbox.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include "base/file.h"
#include "reward/sandbox/filter.h"
#include "reward/sandbox/folders.h"
#include "reward/sandbox/process.h"

namespace malmoi::reward {
namespace {

constexpr uint32_t kNobody = 65534;

// What programs are told of where they are.
constexpr const char* kEnvironment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/tmp", "TMPDIR=/tmp", "LANG=C.UTF-8",
                                        "PYTHONDONTWRITEBYTECODE=1"};

// Who starts it as root gives it a user without rights: limits on processes do not bind root. In a container whose root is
// somebody else, and alone, there is no other to give, and none is needed.
bool has_nobody() {
  if (::geteuid() != 0) return false;
  auto map = read_file("/proc/self/uid_map", 1 << 16);
  if (!map.ok()) return true;
  uint64_t inner = 0, outer = 0, count = 0;
  for (size_t at = 0; at < map->size(); at = std::min(map->find('\n', at), map->size() - 1) + 1)
    if (std::sscanf(map->c_str() + at, "%lu %lu %lu", &inner, &outer, &count) == 3 && inner <= kNobody &&
        kNobody - inner < count)
      return true;
  return false;
}

SandboxOutcome outcome_of(SandboxTrace trace, const SandboxLimits& limits) {
  SandboxOutcome outcome{.output = std::move(trace.output), .errors = std::move(trace.errors)};
  outcome.output.resize(std::min<size_t>(outcome.output.size(), limits.output_bytes));
  outcome.errors.resize(std::min<size_t>(outcome.errors.size(), limits.output_bytes));
  const int status = trace.report.status;
  if (trace.too_long) outcome.end = SandboxEnd::kOutput;
  else if (trace.timed_out) outcome.end = SandboxEnd::kSeconds;
  else if (!trace.reported || trace.report.too_large) outcome.end = SandboxEnd::kMemory;  // the system's killer took it
  else if (!WIFSIGNALED(status)) outcome.code = WEXITSTATUS(status);
  else {
    outcome.code = WTERMSIG(status);
    outcome.end = outcome.code == SIGXCPU ? SandboxEnd::kSeconds : SandboxEnd::kSignal;
  }
  return outcome;
}

}  // namespace

std::string SandboxOutcome::in_words(const SandboxLimits& limits) const {
  switch (end) {
    case SandboxEnd::kExit: return fmt::format("ended with status {}", code);
    case SandboxEnd::kSignal: return fmt::format("was ended by signal {}", code);
    case SandboxEnd::kSeconds:
      return fmt::format("took longer than {:g} s, or {:g} s of a processor", limits.seconds, limits.processor_seconds);
    case SandboxEnd::kMemory: return fmt::format("took more memory than {} MiB", limits.memory_bytes >> 20);
    case SandboxEnd::kFiles: return fmt::format("has files of more than {} MiB", limits.disk_bytes >> 20);
    case SandboxEnd::kOutput: break;
  }
  return fmt::format("printed more than {} KiB", limits.output_bytes >> 10);
}

Result<std::unique_ptr<const Sandbox>> Sandbox::open(const SandboxLimits& limits,
                                                     const std::vector<std::string>& readable) {
  std::unique_ptr<Sandbox> sandbox(new Sandbox(limits));
  SandboxPlan& plan = sandbox->plan_;
  MALMOI_TRY(plan_folders(readable, plan));
  plan.filter = sandbox_filter();
  if (plan.filter.empty())
    return unsupported("a sandbox cannot be had here: its calls of the system cannot be filtered", "sandbox",
                       "use x86-64 or ARM64");
  plan.limits = limits;
  plan.processor_seconds = static_cast<uint64_t>(std::max(1.0, std::ceil(limits.processor_seconds)));
  plan.page_bytes = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  plan.drop_groups = has_nobody();
  plan.disk_options = fmt::format("mode=700,size={},nr_inodes={}", limits.disk_bytes, 1024 + limits.disk_bytes / 4096);
  MALMOI_ASSIGN(SandboxOutcome tried, sandbox->run({}));
  if (!tried.succeeded())
    return unsupported("a sandbox cannot be had here: a process that does nothing " + tried.in_words(limits), "sandbox",
                       "raise its limits, or free memory");
  return std::unique_ptr<const Sandbox>(std::move(sandbox));
}

Result<SandboxOutcome> Sandbox::run(const SandboxRun& run, const StopToken& stop) const {
  SandboxPlan plan = plan_;
  std::vector<std::string> words = run.words;
  plan.files = run.files;
  for (std::string& word : words) plan.words.push_back(word.data());
  if (!words.empty()) plan.words.push_back(nullptr);
  for (const char* variable : kEnvironment) plan.environment.push_back(const_cast<char*>(variable));
  plan.environment.push_back(nullptr);
  const uint32_t user = plan.drop_groups ? kNobody : ::geteuid(), group = plan.drop_groups ? kNobody : ::getegid();
  SandboxProcess process;
  MALMOI_TRY(process.start(plan, user, group));
  MALMOI_ASSIGN(SandboxTrace trace, process.follow(run.input, limits_, stop));
  if (trace.reported && trace.report.stage == SandboxStage::kProgram)
    return not_found("cannot be started in the sandbox: " + std::string(std::strerror(trace.report.error)),
                     words.empty() ? "" : words[0],
                     "give the whole path of a program below /usr, or name its folder under readable");
  if (trace.reported && trace.report.stage == SandboxStage::kFiles && trace.report.error == ENOSPC)
    return SandboxOutcome{.end = SandboxEnd::kFiles};
  if (trace.reported && trace.report.stage != SandboxStage::kEnded)
    return sandbox_refusal(trace.report.stage, trace.report.error);
  return outcome_of(std::move(trace), limits_);
}

}  // namespace malmoi::reward
