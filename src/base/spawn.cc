#include "base/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

namespace malmoi {
namespace {

class SpawnSettings {
 public:
  explicit SpawnSettings(const SpawnOptions& options) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    set_stream(options.in, STDIN_FILENO, O_RDONLY);
    set_stream(options.out, STDOUT_FILENO, O_WRONLY);
    set_stream(options.err, STDERR_FILENO, O_WRONLY);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    if (!options.folder.empty()) ::posix_spawn_file_actions_addchdir_np(&actions_, options.folder.c_str());
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  void set_stream(int fd, int stream, int mode) {
    if (fd >= 0) ::posix_spawn_file_actions_adddup2(&actions_, fd, stream);
    else ::posix_spawn_file_actions_addopen(&actions_, stream, "/dev/null", mode, 0);
  }

  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

int spawn(const std::string& program, std::vector<std::string> words, const SpawnOptions& options, pid_t& process) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const SpawnSettings settings(options);
  return ::posix_spawnp(&process, program.c_str(), settings.actions(), settings.attributes(), arguments.data(),
                        environ);
}

}  // namespace malmoi
