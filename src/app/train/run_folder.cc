#include "app/train/run_folder.h"

#include <chrono>
#include <thread>

#include "base/json.h"
#include "base/replace_folder.h"

namespace malmoi::app {

namespace fs = std::filesystem;

namespace {

// Who looks whether a run is at work holds its lock for an instant (FileLock::is_held): that is waited for.
bool take(const FileLock& lock) {
  constexpr int kTries = 5;
  constexpr std::chrono::milliseconds kPause{20};
  for (int attempt = 1; !lock.try_lock(); ++attempt) {
    if (attempt == kTries) return false;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

}  // namespace

Result<RunFolder> RunFolder::open(const Path& path, const ConfigDocument& document, bool resume) {
  MALMOI_TRY(make_folder(path));
  MALMOI_ASSIGN(FileLock lock, FileLock::open(path / ".lock"));
  if (!take(lock))
    return usage_error("another run is at work in it", path.string(), "wait for its end, or name another out folder");
  bool holds_run = malmoi::exists(path / "metrics.jsonl") || malmoi::exists(path / "checkpoints");
  if (holds_run && !resume)
    return usage_error("already holds a run", path.string(), "go on with --resume, or name another out folder");
  // The configuration as it was resolved; JSON is YAML.
  MALMOI_TRY(write_file(path / "config.yaml", dump_json(document.root, 2) + "\n"));
  RunFolder folder(path, std::move(lock));
  folder.forget_stop();
  return folder;
}

void RunFolder::forget_stop() const {
  std::error_code ignored;
  fs::remove(path_ / kStopFile, ignored);
}

Status RunFolder::replace(const std::string& name, const std::function<Status(const Path&)>& write) const {
  const Path place = path_ / name, temporary = path_ / ("." + name + ".writing"), old = path_ / ("." + name + ".old");
  std::error_code ignored;
  fs::remove_all(temporary, ignored);
  MALMOI_TRY(write(temporary));
  return replace_folder(temporary, place, old);
}

}  // namespace malmoi::app
