#include "app/train/run_folder.h"

#include "base/json.h"
#include "base/replace_folder.h"

namespace malmoi::app {

namespace fs = std::filesystem;

Result<RunFolder> RunFolder::open(const Path& path, const ConfigDocument& document, bool resume) {
  MALMOI_TRY(make_folder(path));
  MALMOI_ASSIGN(FileLock lock, FileLock::open(path / ".lock"));
  if (!lock.try_lock())
    return usage_error("another run is at work in it", path.string(), "wait for its end, or name another out folder");
  bool holds_run = malmoi::exists(path / "metrics.jsonl") || malmoi::exists(path / "checkpoints");
  if (holds_run && !resume)
    return usage_error("already holds a run", path.string(), "go on with --resume, or name another out folder");
  // The configuration as it was resolved; JSON is YAML.
  MALMOI_TRY(write_file(path / "config.yaml", dump_json(document.root, 2) + "\n"));
  return RunFolder(path, std::move(lock));
}

Status RunFolder::replace(const std::string& name, const std::function<Status(const Path&)>& write) const {
  const Path place = path_ / name, temporary = path_ / ("." + name + ".writing"), old = path_ / ("." + name + ".old");
  std::error_code ignored;
  fs::remove_all(temporary, ignored);
  MALMOI_TRY(write(temporary));
  return replace_folder(temporary, place, old);
}

}  // namespace malmoi::app
