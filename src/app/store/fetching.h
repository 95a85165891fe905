// The files of one pull on their way: room on the disk, progress over all of them, what is left in the end.
#pragma once

#include <string>
#include <vector>

#include "app/store/remote.h"
#include "app/store/store.h"
#include "base/error.h"
#include "base/job.h"

namespace malmoi::app {

/// Fetches into one folder and tells how far it is. `files` and `job` live longer. One thread.
class Fetching {
 public:
  Fetching(std::string name, const std::vector<RemoteFile>& files, Path folder, const Job& job);

  /// Errors: less room on the disk than `times` what is to come.
  Status check_room(uint64_t times) const;
  /// One of the files, in their order. Errors: as Remote::fetch.
  Result<StoredFile> fetch(const Remote& remote, const RemoteFile& file);

 private:
  void show(const RemoteFile& file, uint64_t bytes);

  std::string name_;
  Path folder_;
  const Job& job_;
  uint64_t total_ = 0, before_ = 0;  // bytes: of all files, of those that are done
  uint64_t first_ = 0;               // bytes that were there when the clock began
  double began_ = 0;
};

/// Removes everything in a folder that is none of the files.
Status keep_only(const Path& folder, const std::vector<StoredFile>& files);

}  // namespace malmoi::app
