// The file of API keys that `malmoi key` writes and `malmoi serve --keys` reads.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "serve/api_key.h"

namespace malmoi::app {

/// keys.json in the folder of the store.
Path default_key_file();

/// Errors: there is none, with the command that makes one; it is malformed.
Result<std::vector<serve::ApiKey>> load_keys(const Path& file);

struct CreatedKey {
  serve::ApiKey key;
  std::string secret;  // what requests carry; it is told nowhere else
};
/// Adds a key with the name, scopes, limits and end of `wanted`; the file is made where there is none, for its owner alone to read.
/// Errors: a name that is no name or is taken, an end that has passed, a file that cannot be written.
Result<CreatedKey> create_key(const Path& file, serve::ApiKey wanted);

/// Errors: as load_keys(); there is no key of this name.
Result<serve::ApiKey> remove_key(const Path& file, const std::string& name);

}  // namespace malmoi::app
