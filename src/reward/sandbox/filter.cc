#include "reward/sandbox/filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace malmoi::reward {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kMachine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kMachine = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kMachine = 0;
#endif

constexpr uint32_t kX32 = 0x40000000;  // calls of x86-64 with narrow pointers have this bit
constexpr uint32_t kNewNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                    CLONE_NEWPID | CLONE_NEWNET | 0x80 /* CLONE_NEWTIME */;

// Numbers that are alike on every machine since Linux 5.1 stand as such, since older headers lack names.
constexpr uint32_t kRefused[] = {
    // Other processes.
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    438 /* pidfd_getfd */,
    440 /* process_madvise */,
    448 /* process_mrelease */,
    SYS_perf_event_open,
    SYS_move_pages,
    SYS_migrate_pages,
    // Mounts, roots and namespaces.
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_unshare,
    SYS_setns,
    428 /* open_tree */,
    429 /* move_mount */,
    430 /* fsopen */,
    431 /* fsconfig */,
    432 /* fsmount */,
    433 /* fspick */,
    442 /* mount_setattr */,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    SYS_swapon,
    SYS_swapoff,
    SYS_quotactl,
    443 /* quotactl_fd */,
    SYS_acct,
    // Memory that no limit counts.
    SYS_memfd_create,
    447 /* memfd_secret */,
    SYS_shmget,
    SYS_shmat,
    SYS_msgget,
    SYS_semget,
    SYS_mq_open,
    SYS_mlockall,
    // Large, young parts of the kernel that tests of programs do not need.
    SYS_bpf,
    SYS_userfaultfd,
    425 /* io_uring_setup */,
    426 /* io_uring_enter */,
    427 /* io_uring_register */,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_fanotify_init,
    SYS_seccomp,
    // The machine.
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_syslog,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_vhangup,
    SYS_lookup_dcookie,
    SYS_nfsservctl,
    SYS_personality,
#if defined(SYS_kexec_file_load)
    SYS_kexec_file_load,
#endif
#if defined(SYS_iopl)
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_uselib,
    SYS_ustat,
    SYS_sysfs,
#endif
};

constexpr uint32_t kNumberAt = offsetof(seccomp_data, nr), kMachineAt = offsetof(seccomp_data, arch);
// The lower half of an argument; both machines put it first.
constexpr uint32_t argument_at(uint32_t index) { return offsetof(seccomp_data, args) + 8 * index; }

class Filter {
 public:
  void load(uint32_t at) { add(BPF_LD | BPF_W | BPF_ABS, at, 0, 0); }
  void end(uint32_t action) { add(BPF_RET | BPF_K, action, 0, 0); }
  void fail(uint32_t error) { end(SECCOMP_RET_ERRNO | error); }
  /// What follows is passed over, `size` instructions of it, unless the loaded number is this (or has one of these bits).
  void unless_equal(uint32_t value, uint8_t size) { add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, size); }
  void if_equal(uint32_t value, uint8_t size) { add(BPF_JMP | BPF_JEQ | BPF_K, value, size, 0); }
  void unless_any(uint32_t bits, uint8_t size) { add(BPF_JMP | BPF_JSET | BPF_K, bits, 0, size); }
  std::vector<sock_filter> take() { return std::move(code_); }

 private:
  void add(int code, uint32_t value, uint8_t if_true, uint8_t if_false) {
    code_.push_back({static_cast<uint16_t>(code), if_true, if_false, value});
  }
  std::vector<sock_filter> code_;
};

}  // namespace

std::vector<sock_filter> sandbox_filter() {
  if (kMachine == 0) return {};
  Filter filter;
  filter.load(kMachineAt);
  filter.if_equal(kMachine, 1);
  filter.end(SECCOMP_RET_KILL_PROCESS);
  filter.load(kNumberAt);
  filter.unless_any(kX32, 1);
  filter.end(SECCOMP_RET_KILL_PROCESS);
  for (uint32_t number : kRefused) {
    filter.unless_equal(number, 1);
    filter.fail(EPERM);
  }
  filter.unless_equal(435 /* clone3 */, 1);
  filter.fail(ENOSYS);
  for (uint32_t number : {SYS_socket, SYS_socketpair}) {
    filter.unless_equal(number, 4);
    filter.load(argument_at(0));
    filter.if_equal(AF_UNIX, 1);
    filter.fail(EPERM);
    filter.end(SECCOMP_RET_ALLOW);
  }
  filter.unless_equal(SYS_clone, 4);
  filter.load(argument_at(0));
  filter.unless_any(kNewNamespaces, 1);
  filter.fail(EPERM);
  filter.end(SECCOMP_RET_ALLOW);
  filter.unless_equal(SYS_ioctl, 4);
  filter.load(argument_at(1));
  filter.unless_equal(TIOCSTI, 1);
  filter.fail(EPERM);
  filter.end(SECCOMP_RET_ALLOW);
  filter.end(SECCOMP_RET_ALLOW);
  return filter.take();
}

}  // namespace malmoi::reward
