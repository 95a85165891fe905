#include "app/serve/runs/trainer.h"

#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>
#include <utility>
#include <vector>

#include "app/serve/runs/run_files.h"
#include "app/train/run_folder.h"
#include "base/descriptor.h"
#include "base/json_read.h"
#include "base/spawn.h"

namespace malmoi::app {
namespace {

// For a step and its checkpoint to end when the server does.
constexpr std::chrono::seconds kTimeToStop{20};
constexpr std::chrono::milliseconds kLook{50};

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
  const Descriptor log(log_fd);
  const Json begun = object_of(folder, kBegunFile);
  SpawnOptions options{.out = log.get(), .err = log.get(), .folder = {}};
  std::error_code none;
  const std::string from = json_string(begun, "folder");
  if (!from.empty() && std::filesystem::is_directory(from, none)) options.folder = from;
  pid_t process = 0;
  const int failed = spawn(program_.string(), command_of(folder, begun), options, process);
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
