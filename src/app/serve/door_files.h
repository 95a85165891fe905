// The files by which a server lets clients in, its keys and its certificate: read when it starts, and again when they change.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "serve/server.h"

namespace malmoi::app {

/// Whether some files are others than at the last look: replaced, written to, come or gone.
class FileChange {
 public:
  /// Looks for the first time.
  explicit FileChange(std::vector<Path> files);
  bool look();

 private:
  struct Seen {
    dev_t device = 0;
    ino_t number = 0;
    off_t size = -1;  // there is no file
    int64_t seconds = 0, nanoseconds = 0;
    bool operator==(const Seen&) const = default;
  };
  static Seen see(const Path& file);

  std::vector<Path> files_;
  std::vector<Seen> seen_;
};

class DoorFiles {
 public:
  /// Reads the file of keys, if there is to be one, into `server`. Errors: as load_keys().
  static Result<DoorFiles> open(const std::optional<Path>& keys, serve::ServerOptions& server);
  /// Once a second: what was changed is read again. What cannot be is told, and what was read before stays in use.
  void look(serve::Server& server, const Message& message, const Warn& warn);

 private:
  DoorFiles(std::optional<Path> keys, std::vector<Path> tls);

  std::optional<Path> key_file_;
  FileChange keys_, tls_;
  double next_ = 0;
};

}  // namespace malmoi::app
