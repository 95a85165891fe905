#include "base/mapped_files.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <optional>

namespace malmoi {
namespace {

constexpr size_t kSlots = 1024;

struct Slot {
  std::atomic<uintptr_t> begin{0};  // 0: free
  std::atomic<uintptr_t> end{0};
  std::atomic<bool> lost{false}, changed{false};
  // The rest is guarded by the mutex.
  std::filesystem::path path;
  struct stat info {};
  bool replaced = false;
};

struct Table {
  Slot slots[kSlots];
  std::mutex mutex;
  std::optional<Error> lost;  // the last that was closed with pages lost; guarded by the mutex
};

// A signal handler has no argument of its own, and needs what it reads until the process ends.
Table& table() {
  static Table* files = new Table;
  return *files;
}

std::atomic<Table*> handled{nullptr};  // set before the handler is
std::atomic<int> broken{0};            // marks of all slots: lost and changed count apart

void mark(std::atomic<bool>& flag) {
  if (!flag.exchange(true)) ++broken;
}

// Only what is safe in a signal handler: atomics and system calls.
bool replace_lost_pages(uintptr_t address) {
  for (Slot& slot : handled.load()->slots) {
    uintptr_t begin = slot.begin, end = slot.end;
    if (begin == 0 || address < begin || address >= end) continue;
    auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
    uintptr_t from = address / page * page;
    mark(slot.lost);
    return ::mmap(reinterpret_cast<void*>(from), end - from, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                  0) != MAP_FAILED;
  }
  return false;
}

void on_lost_page(int signal, siginfo_t* info, void*) {
  int saved = errno;
  if (!replace_lost_pages(reinterpret_cast<uintptr_t>(info->si_addr)))
    ::signal(signal, SIG_DFL);  // comes again, and ends us
  errno = saved;
}

bool same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

bool same_content(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

bool is_broken(const Slot& slot) { return slot.begin != 0 && (slot.lost || slot.changed); }

Error slot_error(const Slot& slot) {
  const char* what = slot.lost ? "the file was shortened, or cannot be read any more, while it was in use"
                               : "the file was written to while it was in use";
  return {ErrorCode::kIo, what, slot.path.string(),
          "rename a good file into its place: a server reads it by itself, other programs are started again"};
}

}  // namespace

void survive_lost_pages() {
  handled = &table();
  struct sigaction action {};
  action.sa_sigaction = on_lost_page;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, nullptr);
}

Status check_mapped_files() {
  if (broken == 0) return {};
  std::lock_guard lock(table().mutex);
  for (const Slot& slot : table().slots) {
    if (is_broken(slot)) return slot_error(slot);
  }
  return {};
}

std::vector<Error> broken_mapped_files() {
  std::vector<Error> all;
  if (broken == 0) return all;
  std::lock_guard lock(table().mutex);
  for (const Slot& slot : table().slots) {
    if (is_broken(slot)) all.push_back(slot_error(slot));
  }
  return all;
}

Status check_all_files_were_whole() {
  std::lock_guard lock(table().mutex);
  for (const Slot& slot : table().slots) {
    if (slot.begin != 0 && slot.lost) return slot_error(slot);
  }
  if (table().lost) return *table().lost;
  return {};
}

Status check_mapped_file(const void* data) {
  if (broken == 0) return {};
  std::lock_guard lock(table().mutex);
  for (const Slot& slot : table().slots) {
    if (slot.begin == 0 || slot.begin != reinterpret_cast<uintptr_t>(data)) continue;
    return is_broken(slot) ? Status(slot_error(slot)) : Status();
  }
  return {};
}

std::vector<std::filesystem::path> look_at_mapped_files() {
  std::vector<std::filesystem::path> replaced;
  std::lock_guard lock(table().mutex);
  for (Slot& slot : table().slots) {
    if (slot.begin == 0 || slot.replaced) continue;
    struct stat now {};
    bool same = ::stat(slot.path.c_str(), &now) == 0 && same_file(now, slot.info);
    if (same && !same_content(now, slot.info)) mark(slot.changed);
    if (same) continue;
    slot.replaced = true;
    replaced.push_back(slot.path);
  }
  return replaced;
}

void add_mapped_file(const void* data, size_t size, const std::filesystem::path& path, const struct stat& info) {
  std::lock_guard lock(table().mutex);
  for (Slot& slot : table().slots) {
    if (slot.begin != 0) continue;
    slot.path = path;
    slot.info = info;
    slot.replaced = false;
    slot.end = reinterpret_cast<uintptr_t>(data) + size;
    slot.begin = reinterpret_cast<uintptr_t>(data);
    return;
  }
}

void remove_mapped_file(const void* data) {
  std::lock_guard lock(table().mutex);
  for (Slot& slot : table().slots) {
    if (slot.begin != reinterpret_cast<uintptr_t>(data)) continue;
    if (slot.lost) table().lost = slot_error(slot);
    slot.begin = 0;
    broken -= slot.lost.exchange(false) + slot.changed.exchange(false);
    return;
  }
}

}  // namespace malmoi
