// The calls of the system that a program in the sandbox may not make, as a filter of seccomp.
#pragma once

#include <linux/filter.h>

#include <vector>

namespace malmoi::reward {

/// What is refused fails with EPERM: other processes (ptrace and its kin), mounts and namespaces, sockets but those within the machine
/// (AF_UNIX), keys, modules, clocks, and memory that no limit counts (memfd, System V). clone3, whose arguments a filter cannot see,
/// fails with ENOSYS, so that libraries fall back on clone. Calls in another convention than this build's end the program.
/// Empty where the processor is not known here. Source: https://docs.kernel.org/userspace-api/seccomp_filter.html
std::vector<sock_filter> sandbox_filter();

}  // namespace malmoi::reward
