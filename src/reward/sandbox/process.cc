#include "reward/sandbox/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace malmoi::reward {
namespace {

constexpr int kNamespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
#if defined(MALMOI_SANITIZED)
constexpr int kFlags = kNamespaces | SIGCHLD;  // sanitizers do not follow two processes in one memory
constexpr size_t kStackBytes = size_t{1} << 20;
#else
constexpr int kFlags = kNamespaces | CLONE_VM | SIGCHLD;
constexpr size_t kStackBytes = size_t{64} << 10;
#endif
constexpr int kLookMilliseconds = 100;

// A file of /proc is written at once, or not at all.
bool write_at_once(const std::string& path, std::string_view text) {
  const Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd.is_open() && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string id_map(uint32_t inner, uint32_t outer) {
  return std::to_string(inner) + " " + std::to_string(outer) + " 1";
}

const char* stage_in_words(SandboxStage stage) {
  switch (stage) {
    case SandboxStage::kIdentity: return "it cannot be given a user of its own";
    case SandboxStage::kFolders: return "it cannot be given folders of its own";
    case SandboxStage::kRoot: return "the other folders cannot be taken away from it";
    case SandboxStage::kFiles: return "its files cannot be written";
    case SandboxStage::kLimits: return "limits cannot be set for it";
    case SandboxStage::kFilter: return "its calls of the system cannot be filtered";
    case SandboxStage::kProgram: return "its program cannot be started";
    case SandboxStage::kStart:
    case SandboxStage::kEnded: break;
  }
  return "no process with namespaces of its own can be begun";
}

}  // namespace

Error sandbox_refusal(SandboxStage stage, int errno_value) {
  Error error = unsupported(
      std::string("a sandbox cannot be had here: ") + stage_in_words(stage) + " (" + std::strerror(errno_value) + ")",
      "sandbox");
  if (errno_value == ENOSYS || errno_value == EINVAL)
    error.remedy = "use Linux 5.12 or newer with namespaces and seccomp, and no emulation of it";
  else if (errno_value == ENOSPC || errno_value == EAGAIN || errno_value == ENOMEM)
    error.remedy = "raise user.max_user_namespaces (sysctl) or free memory";
  else
    error.remedy =
        "allow user namespaces: sysctl kernel.unprivileged_userns_clone=1, "
        "kernel.apparmor_restrict_unprivileged_userns=0; in a container, one that may make them (docker run "
        "--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined)";
  return error;
}

Status SandboxProcess::start(SandboxPlan& plan, uint32_t outer_user, uint32_t outer_group) {
  MALMOI_ASSIGN(Pipe in, make_pipe("rewards"));
  MALMOI_ASSIGN(Pipe out, make_pipe("rewards"));
  MALMOI_ASSIGN(Pipe err, make_pipe("rewards"));
  MALMOI_ASSIGN(Pipe report, make_pipe("rewards"));
  MALMOI_ASSIGN(Pipe go, make_pipe("rewards"));
  plan.in = in.read.get();
  plan.out = out.write.get();
  plan.err = err.write.get();
  plan.report = report.write.get();
  plan.go = go.read.get();
  plan.go_other = go.write.get();
  stack_.resize(kStackBytes);
  char* top = stack_.data() + kStackBytes;
  top -= reinterpret_cast<uintptr_t>(top) % 64;
  pid_ = ::clone([](void* p) { return run_sandbox_child(*static_cast<SandboxPlan*>(p)), 0; }, top, kFlags, &plan);
  if (pid_ < 0) return sandbox_refusal(SandboxStage::kStart, errno);
  in_ = std::move(in.write);
  out_ = std::move(out.read);
  err_ = std::move(err.read);
  report_ = std::move(report.read);
  go_ = std::move(go.write);
  for (const Descriptor* fd : {&in_, &out_, &err_, &report_}) do_not_wait(*fd);
  return let_go(plan, outer_user, outer_group);
}

// Says who it is, then that it may go on.
Status SandboxProcess::let_go(const SandboxPlan& plan, uint32_t outer_user, uint32_t outer_group) {
  const std::string folder = "/proc/" + std::to_string(pid_) + "/";
  const bool told = (plan.drop_groups || write_at_once(folder + "setgroups", "deny")) &&
                    write_at_once(folder + "gid_map", id_map(plan.inner_id, outer_group)) &&
                    write_at_once(folder + "uid_map", id_map(plan.inner_id, outer_user));
  if (!told) return sandbox_refusal(SandboxStage::kIdentity, errno);
  const HeldPipeSignal held;
  if (::write(go_.get(), "g", 1) != 1) return sandbox_refusal(SandboxStage::kStart, ECHILD);
  go_.close();
  return {};
}

void SandboxProcess::feed(std::string_view& input) {
  if (!input.empty()) {
    const ssize_t n = ::write(in_.get(), input.data(), input.size());
    if (n > 0) input.remove_prefix(static_cast<size_t>(n));
    else if (n < 0 && errno != EAGAIN && errno != EINTR) input = {};  // it does not want the rest
  }
  if (input.empty()) in_.close();
}

Result<SandboxTrace> SandboxProcess::follow(std::string_view input, const SandboxLimits& limits,
                                            const StopToken& stop) {
  const HeldPipeSignal held;
  const double end_at = monotonic_seconds() + limits.seconds;
  SandboxTrace trace;
  std::string report;
  if (input.empty()) in_.close();
  while (out_.is_open() || err_.is_open() || report_.is_open()) {
    MALMOI_TRY(stop.check("sandbox"));
    const double left = end_at - monotonic_seconds();
    trace.timed_out = left <= 0;
    trace.too_long = trace.output.size() > limits.output_bytes || trace.errors.size() > limits.output_bytes;
    if (trace.timed_out || trace.too_long) break;
    pollfd waits[] = {
        {out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}, {report_.get(), POLLIN, 0}, {in_.get(), POLLOUT, 0}};
    if (::poll(waits, 4, std::min(kLookMilliseconds, static_cast<int>(left * 1000) + 1)) <= 0) continue;
    if (waits[0].revents != 0 && !read_some(out_, trace.output)) out_.close();
    if (waits[1].revents != 0 && !read_some(err_, trace.errors)) err_.close();
    if (waits[2].revents != 0 && !read_some(report_, report)) report_.close();
    if (waits[3].revents != 0) feed(input);
  }
  end();
  trace.reported = report.size() >= sizeof trace.report;  // the first one counts
  if (trace.reported) std::memcpy(&trace.report, report.data(), sizeof trace.report);
  return trace;
}

void SandboxProcess::end() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);  // the first of its namespace: all others go with it
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

}  // namespace malmoi::reward
