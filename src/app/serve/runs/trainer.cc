#include "app/serve/runs/trainer.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>
#include <utility>
#include <vector>

#include "app/serve/runs/run_files.h"
#include "app/train/run_folder.h"
#include "base/json_read.h"

namespace malmoi::app {
namespace {

// For a step and its checkpoint to end when the server does.
constexpr std::chrono::seconds kTimeToStop{20};
constexpr std::chrono::milliseconds kLook{50};

// What a child is started with.
class Spawn {
 public:
  Spawn() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  ~Spawn() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  Spawn(const Spawn&) = delete;
  Spawn& operator=(const Spawn&) = delete;

  // Its streams are nothing and the log; it has no other descriptor of ours, such as the socket that is listened on.
  void set_streams(int log) {
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, log, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, log, STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
  }
  void set_folder(const std::string& folder) { ::posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str()); }
  // Ctrl-C in the server's terminal is the server's; what it blocks or ignores is no matter of the child.
  void set_signals() {
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    for (int signal : {SIGINT, SIGTERM, SIGPIPE, SIGHUP}) sigaddset(&usual, signal);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &usual);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    constexpr int kFlags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP;
    ::posix_spawnattr_setflags(&attributes_, static_cast<short>(kFlags));
  }
  // 0, or why it was not started.
  int start(const std::string& program, std::vector<std::string> words, pid_t& process) const {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    return ::posix_spawn(&process, program.c_str(), &actions_, &attributes_, arguments.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// The same number of threads gives the same bits; `out` may have been written from another folder.
std::vector<std::string> command_of(const OpenFolder& folder, const Json& begun) {
  const std::string out = folder.path().string();
  std::vector<std::string> words{"malmoi",   "train", (folder.path() / "config.yaml").string(),
                                 "--resume", "--set", "out=" + dump_json(Json(out))};
  constexpr int64_t kMostThreads = 1024;
  if (auto threads = json_count(begun, "threads", kMostThreads); threads && *threads > 0) {
    words.emplace_back("--threads");
    words.push_back(std::to_string(*threads));
  }
  return words;
}

}  // namespace

Trainer::~Trainer() {
  std::lock_guard lock(mutex_);
  ask();
  const auto end = std::chrono::steady_clock::now() + kTimeToStop;
  while (!reap() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(kLook);
}

void Trainer::ask_to_stop() {
  std::lock_guard lock(mutex_);
  ask();
}

void Trainer::ask() {
  if (!reap() && !std::exchange(asked_, true)) ::kill(process_, SIGTERM);
}

// Whether none is at work.
bool Trainer::reap() {
  if (process_ == 0) return true;
  int status = 0;
  const pid_t ended = ::waitpid(process_, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return false;
  process_ = 0;
  if (ended < 0) end_ = nullptr;
  else if (WIFSIGNALED(status)) end_ = {{"signal", WTERMSIG(status)}};
  else end_ = {{"exit", WEXITSTATUS(status)}};
  return true;
}

Status Trainer::resume(const OpenFolder& folder, const std::string& name) {
  std::lock_guard lock(mutex_);
  if (!reap())
    return usage_error("the server trains '" + name_ + "', and it has one training at a time", "",
                       "wait for its end, or stop it");
  if (folder.path().string().find("${") != std::string::npos)
    return unsupported("the folder's path would be read as a variable of the environment", folder.path().string(),
                       "resume it by `malmoi train --resume`");
  MALMOI_ASSIGN(const int log_fd, folder.write(kResumeLog));
  const OpenFile log(log_fd);
  const Json begun = object_of(folder, kBegunFile);
  Spawn spawn;
  spawn.set_streams(log.fd());
  std::error_code none;
  const std::string from = json_string(begun, "folder");
  if (!from.empty() && std::filesystem::is_directory(from, none)) spawn.set_folder(from);
  spawn.set_signals();
  pid_t process = 0;
  const int failed = spawn.start(program_.string(), command_of(folder, begun), process);
  if (failed != 0) return io_error("cannot start the training", program_.string(), failed);
  process_ = process;
  asked_ = false;
  name_ = name;
  end_ = nullptr;
  return {};
}

std::string Trainer::working_on() {
  std::lock_guard lock(mutex_);
  return reap() ? "" : name_;
}

Json Trainer::ended(const std::string& name) {
  std::lock_guard lock(mutex_);
  return reap() && name == name_ ? end_ : Json(nullptr);
}

}  // namespace malmoi::app
