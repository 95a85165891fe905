// The first process of a sandbox: it makes the namespaces' folders, starts the program, and is what all else in there dies with.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reward/sandbox/limits.h"

namespace malmoi::reward {

/// How far it came. Errors name the first that failed.
enum class SandboxStage : int32_t { kEnded, kIdentity, kFolders, kRoot, kFiles, kLimits, kFilter, kStart, kProgram };

/// What it writes, once, into its pipe.
struct SandboxReport {
  SandboxStage stage = SandboxStage::kEnded;
  int32_t error = 0;      // errno of the stage
  int32_t status = 0;     // of the program, as wait() has it
  int32_t too_large = 0;  // whether it was ended for its memory
};

struct SandboxMount {
  std::string from, to;  // `to` below the new root, without a slash before it
  bool device = false;
};
struct SandboxLink {
  std::string to, at;
};
struct SandboxFile {
  std::string name;  // a plain name: it stands in /tmp
  std::string_view content;
};

/// Everything that it needs, made before it begins: it shares the memory of whoever began it, which may be gigabytes that a copy would
/// take its time for. So it calls the system alone (system_call.h), allocates nothing, takes no lock and leaves errno alone.
struct SandboxPlan {
  std::vector<std::string> folders, device_files;  // below the new root, parents first
  std::vector<SandboxMount> mounts;
  std::vector<int> trees;  // room for as many descriptors
  std::vector<SandboxLink> links;
  std::string disk_options;  // of the file system in /tmp
  std::vector<sock_filter> filter;
  SandboxLimits limits;
  uint64_t processor_seconds = 1;  // of the limits, whole ones
  bool drop_groups = false;        // whoever started it may
  uint64_t page_bytes = 4096;      // of memory
  uint32_t inner_id = 1000;        // user and group in there

  std::vector<SandboxFile> files;
  std::vector<char*> words, environment;  // null behind each; no words: it ends where the program would begin
  int go = -1, go_other = -1;             // a byte comes when its identity is set; the other end is closed
  int in = -1, out = -1, err = -1;        // of the program
  int report = -1;                        // where a SandboxReport goes
};

/// In the process that clone() made with new namespaces and a stack of its own. Sources: namespaces(7), pivot_root(2),
/// mount_setattr(2). It never returns, which is not declared: AddressSanitizer would look at a stack that it does not know.
void run_sandbox_child(SandboxPlan& plan);

}  // namespace malmoi::reward
