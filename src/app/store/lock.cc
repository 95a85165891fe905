#include "app/store/lock.h"

#include "app/store/store.h"

namespace malmoi::app {

Path PullLock::folder_of(const std::string& entry) {
  std::string key = entry;
  if (size_t slash = key.find('/'); slash != std::string::npos) key.replace(slash, 1, "--");
  return store_folder() / ".pull" / key;
}

Result<PullLock> PullLock::take(const std::string& entry) {
  const Path folder = folder_of(entry);
  MALMOI_TRY(make_folder(folder.parent_path()));
  MALMOI_ASSIGN(FileLock lock, FileLock::open(folder.string() + ".lock"));
  if (!lock.try_lock())
    return Error{ErrorCode::kIo, "is being pulled by another process", entry, "wait until it is done"};
  return PullLock(std::move(lock), folder);
}

}  // namespace malmoi::app
