#include "app/serve/key_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "app/store/store.h"
#include "base/file_lock.h"
#include "serve/secret.h"

namespace malmoi::app {
namespace {

using serve::ApiKey;

constexpr uint64_t kMostFileBytes = 64 << 20;
// By which people, and programs that look for secrets in the wrong places, know a key.
constexpr const char* kKeyPrefix = "malmoi_";

// What is made while it lives is for its owner alone. The mask is the whole process's: for a command that does this and nothing else.
class PrivateFiles {
 public:
  PrivateFiles() : before_(::umask(S_IRWXG | S_IRWXO)) {}
  ~PrivateFiles() { ::umask(before_); }
  PrivateFiles(const PrivateFiles&) = delete;
  PrivateFiles& operator=(const PrivateFiles&) = delete;

 private:
  mode_t before_;
};

// Of two who change the file at once, neither undoes what the other did.
Result<FileLock> lock(const Path& file) {
  Path beside = file;
  beside += ".lock";
  MALMOI_ASSIGN(FileLock taken, FileLock::open(beside));
  if (!taken.try_lock())
    return Error{ErrorCode::kIo, "somebody else is changing the keys", file.string(), "try again in a moment"};
  return taken;
}

auto find(std::vector<ApiKey>& keys, const std::string& name) {
  return std::ranges::find_if(keys, [&](const ApiKey& key) { return key.name == name; });
}

Status check_wanted(const ApiKey& wanted, int64_t now) {
  if (!serve::is_key_name(wanted.name))
    return usage_error("'" + wanted.name + "' is no name of a key", "NAME",
                       "use 1 to 64 letters, digits, dots, dashes, underscores and at signs");
  if (wanted.expires > 0 && wanted.expires <= now)
    return usage_error("that moment has passed", "--expires", "give a later one, UTC");
  return {};
}

}  // namespace

Path default_key_file() { return store_folder() / "keys.json"; }

Result<std::vector<ApiKey>> load_keys(const Path& file) {
  if (!malmoi::exists(file))
    return not_found("there is no file of keys", file.string(), "make a key: malmoi key create NAME");
  MALMOI_ASSIGN(const std::string text, read_file(file, kMostFileBytes));
  return serve::read_keys(text, file.string());
}

Result<CreatedKey> create_key(const Path& file, ApiKey wanted) {
  const int64_t now = std::time(nullptr);
  MALMOI_TRY(check_wanted(wanted, now));
  const PrivateFiles only_mine;
  if (file.has_parent_path()) MALMOI_TRY(make_folder(file.parent_path()));
  MALMOI_ASSIGN(const FileLock held, lock(file));
  std::vector<ApiKey> keys;
  if (malmoi::exists(file)) {
    MALMOI_ASSIGN(keys, load_keys(file));
  }
  if (find(keys, wanted.name) != keys.end())
    return usage_error("there is a key '" + wanted.name + "' already", file.string(),
                       "choose another name, or remove that one: malmoi key remove " + wanted.name);
  MALMOI_ASSIGN(const std::string random, serve::new_secret());
  const std::string secret = kKeyPrefix + random;
  wanted.digest = serve::sha256(secret);
  wanted.created = now;
  keys.push_back(wanted);
  MALMOI_TRY(write_file(file, serve::print_keys(keys)));
  return CreatedKey{.key = std::move(wanted), .secret = secret};
}

Result<ApiKey> remove_key(const Path& file, const std::string& name) {
  MALMOI_TRY(load_keys(file));  // before a lock is made beside a file that is not there
  const PrivateFiles only_mine;
  MALMOI_ASSIGN(const FileLock held, lock(file));
  MALMOI_ASSIGN(std::vector<ApiKey> keys, load_keys(file));
  const auto found = find(keys, name);
  if (found == keys.end())
    return not_found("there is no key '" + name + "'", file.string(), "`malmoi key list` shows those there are");
  ApiKey removed = *found;
  keys.erase(found);
  MALMOI_TRY(write_file(file, serve::print_keys(keys)));
  return removed;
}

}  // namespace malmoi::app
