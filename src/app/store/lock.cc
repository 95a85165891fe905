#include "app/store/lock.h"

#include "app/store/store.h"

namespace malmoi::app {

Result<PullLock> PullLock::take(const std::string& entry) {
  std::string key = entry;
  if (size_t slash = key.find('/'); slash != std::string::npos) key.replace(slash, 1, "--");
  const Path folder = store_folder() / ".pull" / key;
  MALMOI_TRY(make_folder(folder.parent_path()));
  MALMOI_ASSIGN(FileLock lock, FileLock::open(folder.string() + ".lock"));
  if (!lock.try_lock())
    return Error{ErrorCode::kIo, "is being pulled by another process", entry, "wait until it is done"};
  return PullLock(std::move(lock), folder);
}

}  // namespace malmoi::app
