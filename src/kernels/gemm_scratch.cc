// The scratch that our own products pack into.
#include <cstdlib>
#include <memory>

#include "kernels/gemm_internal.h"

namespace malmoi::kernels {
namespace {

struct Workspace {
  std::mutex door;
  std::unique_ptr<void, void (*)(void*)> memory{nullptr, std::free};
  size_t bytes = 0;
};

Workspace& workspace() {
  static Workspace* instance = new Workspace;  // never destroyed: threads may still compute at exit
  return *instance;
}

}  // namespace

ScratchLock::ScratchLock(size_t bytes) : lock_(workspace().door) {
  Workspace& space = workspace();
  if (bytes > space.bytes) {
    space.memory.reset();
    space.bytes = (bytes + 4095) & ~size_t{4095};
    space.memory.reset(std::aligned_alloc(4096, space.bytes));
  }
  memory_ = space.memory.get();
}

}  // namespace malmoi::kernels
