#include "reward/sandbox/folders.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "reward/sandbox/system_call.h"

namespace malmoi::reward {
namespace {

using system_call::call;
using system_call::Steps;

// The new root is made over this folder, which every system has; only this sandbox sees that.
constexpr const char* kStage = "/usr";

// Numbers are alike on every machine; older headers lack them.
constexpr long kOpenTree = 428, kMoveMount = 429, kMountSetattr = 442;
constexpr unsigned kPrivate = 1u << 18, kRecursive = 1u << 14, kNoSetId = 2, kNoDevices = 4,
                   kDetach = 2;  // of mount() and umount2()

struct MountAttributes {  // mount_attr of <linux/mount.h>
  uint64_t set, clear, propagation, user_namespace;
};
constexpr uint64_t kReadOnly = 1, kAttributeNoSetId = 2, kAttributeNoDevices = 4;

void add_parents(const std::string& path, std::vector<std::string>& folders) {
  for (size_t slash = 0; (slash = path.find('/', slash)) != std::string::npos; ++slash) {
    std::string parent = path.substr(0, slash);
    if (std::ranges::find(folders, parent) == folders.end()) folders.push_back(std::move(parent));
  }
}

void add_mount(const std::string& path, bool folder, bool device, SandboxPlan& plan) {
  SandboxMount mount{path, path.substr(1), device};
  add_parents(mount.to, plan.folders);
  if (folder && std::ranges::find(plan.folders, mount.to) == plan.folders.end()) plan.folders.push_back(mount.to);
  if (!folder) plan.device_files.push_back(mount.to);
  plan.mounts.push_back(std::move(mount));
}

// As it is there: a folder, a file, or a link such as /bin -> usr/bin. False where there is nothing.
bool add_path(const std::string& path, SandboxPlan& plan) {
  std::error_code error;
  if (std::filesystem::is_symlink(path, error)) {
    const std::filesystem::path to = std::filesystem::read_symlink(path, error);
    if (!error) plan.links.push_back({to.string(), path.substr(1)});
    return !error;
  }
  const auto status = std::filesystem::status(path, error);
  if (error || !std::filesystem::exists(status)) return false;
  add_mount(path, std::filesystem::is_directory(status), std::filesystem::is_character_file(status), plan);
  return true;
}

constexpr unsigned kBelowToo = 0x8000;                // AT_RECURSIVE
constexpr unsigned kClone = 1, kOfTheDescriptor = 4;  // OPEN_TREE_CLONE, MOVE_MOUNT_F_EMPTY_PATH

// Before anything is mounted, which may hide them.
bool take_trees(SandboxPlan& plan, Steps& steps) {
  for (size_t i = 0; i < plan.mounts.size(); ++i) {
    const SandboxMount& mount = plan.mounts[i];
    const long tree = call(kOpenTree, AT_FDCWD, mount.from.c_str(), kClone | O_CLOEXEC | kBelowToo);
    if (!steps(tree)) return false;
    plan.trees[i] = static_cast<int>(tree);
    const MountAttributes attributes{kReadOnly | kAttributeNoSetId | (mount.device ? 0 : kAttributeNoDevices), 0, 0, 0};
    if (!steps(call(kMountSetattr, tree, "", AT_EMPTY_PATH | kBelowToo, &attributes, sizeof attributes))) return false;
  }
  return true;
}

bool make_places(const SandboxPlan& plan, Steps& steps) {
  for (const std::string& folder : plan.folders) {
    const long made = call(SYS_mkdirat, AT_FDCWD, folder.c_str(), 0755);
    if (made != -EEXIST && !steps(made)) return false;
  }
  for (const std::string& file : plan.device_files) {
    const long fd = call(SYS_openat, AT_FDCWD, file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (!steps(fd)) return false;
    call(SYS_close, fd);
  }
  for (const SandboxLink& link : plan.links)
    if (!steps(call(SYS_symlinkat, link.to.c_str(), AT_FDCWD, link.at.c_str()))) return false;
  return true;
}

bool move_trees(const SandboxPlan& plan, Steps& steps) {
  for (size_t i = 0; i < plan.mounts.size(); ++i) {
    if (!steps(call(kMoveMount, plan.trees[i], "", AT_FDCWD, plan.mounts[i].to.c_str(), kOfTheDescriptor)))
      return false;
    call(SYS_close, plan.trees[i]);
  }
  return true;
}

bool write_file(long folder, const SandboxFile& file, Steps& steps) {
  const long fd = call(SYS_openat, folder, file.name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (!steps(fd)) return false;
  for (std::string_view rest = file.content; !rest.empty();) {
    const long written = call(SYS_write, fd, rest.data(), rest.size());
    if (written == -EINTR) continue;
    if (!steps(written)) return false;
    rest.remove_prefix(static_cast<size_t>(written));
  }
  call(SYS_close, fd);
  return true;
}

}  // namespace

Status plan_folders(const std::vector<std::string>& readable, SandboxPlan& plan) {
  plan.folders = {"tmp", "proc", "dev"};
  for (const char* path : {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/alternatives",
                           "/etc/ld.so.cache", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"})
    add_path(path, plan);
  plan.links.push_back({"/tmp", "dev/shm"});
  for (const std::string& path : readable) {
    std::error_code error;
    const std::string whole = std::filesystem::canonical(path, error).string();
    if (error || whole == "/")
      return not_found("there is no such folder to read in the sandbox", path, "name one below /");
    if (whole == "/tmp" || whole == "/usr" || whole == "/dev" || whole == "/etc" || whole.starts_with("/proc"))
      return usage_error("is a folder that the sandbox has of its own", path, "name one below it");
    if (!whole.starts_with("/usr/")) add_path(whole, plan);
  }
  plan.trees.assign(plan.mounts.size(), -1);
  return {};
}

int make_folders(SandboxPlan& plan) {
  Steps steps;
  steps(call(SYS_mount, nullptr, "/", nullptr, kPrivate | kRecursive, nullptr)) && take_trees(plan, steps) &&
      steps(call(SYS_mount, "tmpfs", kStage, "tmpfs", kNoSetId | kNoDevices, "mode=755,size=1m,nr_inodes=4096")) &&
      steps(call(SYS_chdir, kStage)) && steps(call(SYS_mkdirat, AT_FDCWD, "tmp", 0755)) &&
      steps(call(SYS_mount, "tmpfs", "tmp", "tmpfs", kNoSetId | kNoDevices, plan.disk_options.c_str())) &&
      make_places(plan, steps) &&  // some may be below /tmp
      move_trees(plan, steps);
  return steps.error();
}

int write_files(const SandboxPlan& plan) {
  Steps steps;
  const long folder = call(SYS_openat, AT_FDCWD, "tmp", O_DIRECTORY | O_CLOEXEC);
  if (!steps(folder)) return steps.error();
  for (const SandboxFile& file : plan.files)
    if (!write_file(folder, file, steps)) break;
  call(SYS_close, folder);
  return steps.error();
}

int enter_folders(int& processes) {
  // Only the first process keeps a sight of /proc: programs are shown none.
  if (call(SYS_mount, "proc", "proc", "proc", kNoSetId | kNoDevices, nullptr) == 0) {
    processes = static_cast<int>(call(SYS_openat, AT_FDCWD, "proc", O_DIRECTORY | O_CLOEXEC));
    call(SYS_umount2, "proc", kDetach);
  }
  const MountAttributes attributes{kReadOnly, 0, 0, 0};
  Steps steps;
  steps(call(kMountSetattr, AT_FDCWD, ".", 0, &attributes, sizeof attributes)) &&
      steps(call(SYS_pivot_root, ".", ".")) && steps(call(SYS_umount2, ".", kDetach)) && steps(call(SYS_chdir, "/tmp"));
  return steps.error();
}

}  // namespace malmoi::reward
