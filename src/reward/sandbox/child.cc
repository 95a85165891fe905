#include "reward/sandbox/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "reward/sandbox/folders.h"
#include "reward/sandbox/program.h"
#include "reward/sandbox/system_call.h"

namespace malmoi::reward {
namespace {

using system_call::call;
using system_call::Steps;

void end_with_all() {
  call(SYS_exit_group, 0);  // the first process takes all others with it
}

// Goes on unless the stage failed.
void check(const SandboxPlan& plan, SandboxStage stage, int error) {
  if (error == 0) return;
  tell_stage(plan.report, stage, error);
  end_with_all();
}

// Ends of other runs' pipes were copied too, and would keep those from ending: the own ones move to 0 to 4, all else closes.
void keep_own_descriptors(SandboxPlan& plan) {
  constexpr int kAbove = 32;
  int* own[] = {&plan.in, &plan.out, &plan.err, &plan.report, &plan.go};
  call(SYS_close, plan.go_other);
  for (int*& fd : own) *fd = static_cast<int>(call(SYS_fcntl, *fd, F_DUPFD, kAbove));
  int place = 0;
  for (int* fd : own) {
    call(SYS_dup3, *fd, place, place > 2 ? O_CLOEXEC : 0);
    *fd = place++;
  }
  call(SYS_close_range, place, ~0u, 0);
}

// Its user and group are mapped from outside, which says so by a byte.
int take_identity(const SandboxPlan& plan) {
  char byte = 0;
  if (call(SYS_read, plan.go, &byte, 1) != 1) return ECHILD;
  Steps steps;
  const uint32_t id = plan.inner_id;
  const long dumpable = call(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
  if (plan.drop_groups) {
    steps(call(SYS_setgroups, 0, nullptr)) && steps(call(SYS_setresgid, id, id, id)) &&
        steps(call(SYS_setresuid, id, id, id));
    // A change of identity takes this from the memory that it shares, and the next from itself.
    call(SYS_prctl, PR_SET_DUMPABLE, dumpable, 0, 0, 0);
  }
  steps(call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)) && steps(call(SYS_setsid));
  return steps.error();
}

// Waits for the program, buries what it left behind, and looks at the memory of all meanwhile.
SandboxReport watch(pid_t program, const SandboxPlan& plan, int processes) {
  SandboxReport report;
  while (true) {
    int status = 0;
    const long pid = call(SYS_wait4, -1, &status, WNOHANG | __WALL, nullptr);
    if (pid == program) {
      report.status = status;
      return report;
    }
    if (pid > 0 || pid == -EINTR) continue;
    if (pid < 0) return report;
    wait_for_child();
    if (processes >= 0 && memory_of_all(processes, plan.page_bytes) > plan.limits.memory_bytes) {
      report.too_large = 1;
      return report;
    }
  }
}

}  // namespace

void run_sandbox_child(SandboxPlan& plan) {
  call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  set_signals();
  keep_own_descriptors(plan);
  check(plan, SandboxStage::kIdentity, take_identity(plan));
  int processes = -1;  // the folder /proc of these processes
  check(plan, SandboxStage::kFolders, make_folders(plan));
  check(plan, SandboxStage::kFiles, write_files(plan));
  check(plan, SandboxStage::kRoot, enter_folders(processes));
  const long program = start_program(plan, processes);
  check(plan, SandboxStage::kStart, program < 0 ? static_cast<int>(-program) : 0);
  for (int fd : {plan.in, plan.out, plan.err}) call(SYS_close, fd);
  const SandboxReport report = watch(static_cast<int>(program), plan, processes);
  call(SYS_write, plan.report, &report, sizeof report);
  end_with_all();
}

}  // namespace malmoi::reward
