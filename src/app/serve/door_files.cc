#include "app/serve/door_files.h"

#include <sys/stat.h>

#include <utility>

#include "app/serve/key_file.h"
#include "base/log.h"

namespace malmoi::app {
namespace {

constexpr double kSecondsBetweenLooks = 1;

std::vector<Path> tls_files(const serve::ServerOptions& server) {
  if (server.tls_certificate.empty()) return {};
  return {server.tls_certificate, server.tls_key};
}

std::vector<Path> as_list(const std::optional<Path>& file) {
  std::vector<Path> files;
  if (file) files.push_back(*file);
  return files;
}

}  // namespace

FileChange::FileChange(std::vector<Path> files) : files_(std::move(files)) {
  for (const Path& file : files_) seen_.push_back(see(file));
}

FileChange::Seen FileChange::see(const Path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return {};
  return {.device = info.st_dev,
          .number = info.st_ino,
          .size = info.st_size,
          .seconds = info.st_mtim.tv_sec,
          .nanoseconds = info.st_mtim.tv_nsec};
}

bool FileChange::look() {
  bool changed = false;
  for (size_t i = 0; i < files_.size(); ++i) {
    const Seen now = see(files_[i]);
    changed = changed || now != seen_[i];
    seen_[i] = now;
  }
  return changed;
}

DoorFiles::DoorFiles(std::optional<Path> keys, std::vector<Path> tls)
    : key_file_(std::move(keys)), keys_(as_list(key_file_)), tls_(std::move(tls)) {}

Result<DoorFiles> DoorFiles::open(const std::optional<Path>& keys, serve::ServerOptions& server) {
  DoorFiles files(keys, tls_files(server));  // looks before anything is read, so that no change is missed
  if (keys) {
    MALMOI_ASSIGN(std::vector<serve::ApiKey> read, load_keys(*keys));
    server.keys = std::move(read);
  }
  return files;
}

void DoorFiles::look(serve::Server& server, const Message& message, const Warn& warn) {
  if (monotonic_seconds() < next_) return;
  next_ = monotonic_seconds() + kSecondsBetweenLooks;
  if (keys_.look()) {
    auto keys = load_keys(*key_file_);
    if (keys.ok()) {
      message("the keys were changed: " + std::to_string(keys->size()) + " are known now");
      server.set_keys(*std::move(keys));
    } else {
      warn("the keys stay as they were: " + keys.error().to_string());
    }
  }
  if (tls_.look()) {
    const Status read = server.reload_tls();
    if (read.ok()) message("the certificate was changed; connections from now on see the new one");
    else warn("the certificate stays as it was: " + read.error().to_string());
  }
}

}  // namespace malmoi::app
