// The file system of a sandbox: the system's folders as they are and unchangeable, and one small place to write.
#pragma once

#include "base/error.h"
#include "reward/sandbox/child.h"

namespace malmoi::reward {

/// Fills the plan's folders, mounts and links: what programs need of the system, and `readable` beside. Errors: one that is not there.
Status plan_folders(const std::vector<std::string>& readable, SandboxPlan& plan);

// In the sandbox's first process, as child.h says. A number of errno, or 0.
int make_folders(SandboxPlan& plan);
int write_files(const SandboxPlan& plan);
/// Leaves the old root behind. `processes` becomes a descriptor of the folder of the sandbox's own processes, or -1 where there is none.
int enter_folders(int& processes);

}  // namespace malmoi::reward
