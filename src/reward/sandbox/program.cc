#include "reward/sandbox/program.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include <cerrno>
#include <cstring>

#include "reward/sandbox/system_call.h"

namespace malmoi::reward {
namespace {

using system_call::call;
using system_call::Steps;

// What a handler looks like to the system, and its sets of signals.
struct SystemSignalAction {
  void* handler;
  unsigned long flags;
  void* restorer;
  uint64_t mask;
};
constexpr uint64_t kChildSignal = uint64_t{1} << (SIGCHLD - 1);
constexpr size_t kSetSize = sizeof(uint64_t);

long set_limit(int what, uint64_t value, uint64_t hard) {
  const uint64_t limit[2] = {value, hard};
  return call(SYS_prlimit64, 0, what, limit, nullptr);
}
long set_limit(int what, uint64_t value) { return set_limit(what, value, value); }

int set_limits(const SandboxPlan& plan) {
  constexpr uint64_t kOfOurs = 1;  // the first process counts as one of the user's
  const SandboxLimits& limits = plan.limits;
  Steps steps;
  steps(set_limit(RLIMIT_CPU, plan.processor_seconds, plan.processor_seconds + 1)) &&
      steps(set_limit(RLIMIT_AS, limits.memory_bytes)) && steps(set_limit(RLIMIT_FSIZE, limits.disk_bytes)) &&
      steps(set_limit(RLIMIT_CORE, 0)) && steps(set_limit(RLIMIT_MEMLOCK, 0)) &&
      steps(set_limit(RLIMIT_NOFILE, static_cast<uint64_t>(limits.open_files))) &&
      steps(set_limit(RLIMIT_NPROC, static_cast<uint64_t>(limits.processes) + kOfOurs));
  return steps.error();
}

int give_up_rights() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2] = {};
  Steps steps;
  steps(call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) && steps(call(SYS_capset, &header, none));
  return steps.error();
}

int set_filter(const SandboxPlan& plan) {
  const sock_fprog program{static_cast<unsigned short>(plan.filter.size()),
                           const_cast<sock_filter*>(plan.filter.data())};
  Steps steps;
  steps(call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
  return steps.error();
}

// Should memory become scarce, the system ends this program before any other. (Of a process that waits for its child to become a
// program, as vfork() has it, the setting is the child's alone, though they share their memory.)
void offer_to_the_killer(int processes) {
  const long fd = call(SYS_openat, processes, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  call(SYS_write, fd, "1000", 4);
  call(SYS_close, fd);
}

[[gnu::noinline]] void become_program(const SandboxPlan& plan, int processes) {
  const uint64_t no_signal = 0;
  call(SYS_rt_sigprocmask, SIG_SETMASK, &no_signal, nullptr, kSetSize);
  offer_to_the_killer(processes);
  SandboxStage stage = SandboxStage::kLimits;
  int error = set_limits(plan);
  if (error == 0) error = give_up_rights();
  if (error == 0) {
    stage = SandboxStage::kFilter;
    error = set_filter(plan);
  }
  if (error == 0 && !plan.words.empty()) {
    stage = SandboxStage::kProgram;
    error = static_cast<int>(-call(SYS_execve, plan.words[0], plan.words.data(), plan.environment.data()));
  }
  if (error != 0) tell_stage(plan.report, stage, error);
  call(SYS_exit_group, error == 0 ? 0 : 127);
}

// Adds up what "/proc/N/statm" says in its second number. `name` is that of a process: digits alone.
uint64_t resident_pages(int processes, const char* name) {
  char path[32];
  const size_t length = std::strlen(name);
  if (length + sizeof "/statm" > sizeof path) return 0;
  std::memcpy(path, name, length);
  std::memcpy(path + length, "/statm", sizeof "/statm");
  const long fd = call(SYS_openat, processes, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[128];
  const long size = call(SYS_read, fd, text, sizeof text);
  call(SYS_close, fd);
  uint64_t pages = 0;
  long i = 0;
  while (i < size && text[i] != ' ') ++i;
  for (++i; i < size && text[i] >= '0' && text[i] <= '9'; ++i)
    pages = 10 * pages + static_cast<uint64_t>(text[i] - '0');
  return pages;
}

constexpr size_t kNameAt = 19;  // in an entry of getdents64: behind its number, place, length and kind

}  // namespace

void tell_stage(int fd, SandboxStage stage, int error) {
  const SandboxReport report{.stage = stage, .error = error};
  call(SYS_write, fd, &report, sizeof report);
}

long start_program(const SandboxPlan& plan, int processes) {
#if defined(MALMOI_SANITIZED)
  constexpr unsigned kShare = 0;  // sanitizers do not follow two processes in one memory
#else
  constexpr unsigned kShare = CLONE_VM | CLONE_VFORK;
#endif
  const long pid = call(SYS_clone, kShare | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) become_program(plan, processes);
  return pid;
}

void set_signals() {
  const SystemSignalAction usual{};
  for (int signal = 1; signal <= 64; ++signal) call(SYS_rt_sigaction, signal, &usual, nullptr, kSetSize);
  call(SYS_rt_sigprocmask, SIG_SETMASK, &kChildSignal, nullptr, kSetSize);
}

void wait_for_child() {
  const timespec moment{0, 50'000'000};
  call(SYS_rt_sigtimedwait, &kChildSignal, nullptr, &moment, kSetSize);
}

uint64_t memory_of_all(int processes, uint64_t page_bytes) {
  alignas(8) char entries[4096];
  call(SYS_lseek, processes, 0, SEEK_SET);
  uint64_t pages = 0;
  while (true) {
    const long size = call(SYS_getdents64, processes, entries, sizeof entries);
    if (size <= 0) return pages * page_bytes;
    for (long at = 0; at < size;) {
      uint16_t length = 0;
      std::memcpy(&length, entries + at + 16, sizeof length);
      const char* name = entries + at + kNameAt;
      if (name[0] >= '1' && name[0] <= '9' && std::strcmp(name, "1") != 0) pages += resident_pages(processes, name);
      at += length;
    }
  }
}

}  // namespace malmoi::reward
