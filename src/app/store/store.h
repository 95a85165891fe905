// The models of this user: the folder $MALMOI_HOME (default ~/.cache/malmoi), by name.
//
// A published model stands in STORE/OWNER/NAME or STORE/PACKAGE with a source.json that says where it is from; what somebody
// put there by hand counts, too: a folder with config.json or a GGUF file. What is being fetched stands in STORE/.pull and is
// no model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace malmoi::app {

/// A file of a model, as it was fetched.
struct StoredFile {
  std::string path;  // within the folder
  uint64_t size = 0;
  std::string sha256;
};

/// A model of the store.
struct StoredModel {
  std::string name;      // what a user writes
  Path folder;           // a GGUF file where somebody put that alone
  std::string source;    // "huggingface", "pypi", or empty: put there by hand
  std::string url;       // a page about it
  std::string revision;  // a commit, or a version
  std::string licence;   // empty: not told
  std::string pulled;    // UTC, ISO 8601
  std::vector<StoredFile> files;
  uint64_t bytes() const;
};
/// All fields; "files" is left out where `brief`.
Json to_json(const StoredModel& model, bool brief = false);

/// The file within a model's folder that tells where it is from.
inline constexpr const char* kSourceFile = "source.json";

/// The folder of the store; it need not exist.
Path store_folder();

/// All models, by name. Errors: a folder that cannot be read.
Result<std::vector<StoredModel>> stored_models();

/// What source.json of a folder says. Errors: there is none; it is malformed.
Result<StoredModel> read_source(const std::string& name, const Path& folder);
Status write_source(const StoredModel& model);

/// A model by its name, with or without the "pypi:" of packages. Errors: there is none, with names that are near.
Result<StoredModel> stored_model(const std::string& name);

/// Takes a model off the disk, with what a pull of it that ended early left. Errors: as `stored_model`; one is being pulled
/// under this name; the disk.
Result<StoredModel> remove_model(const std::string& name);

/// Where the model of that name is, as commands open it; nothing if there is none. Errors: as `model_file`.
Result<std::optional<Path>> find_in_store(const std::string& name);

/// What is opened of a folder: the one GGUF file that it holds, where it has no config.json; else the folder itself.
/// Errors: several GGUF files; one in parts.
Result<Path> model_file(const Path& folder);

}  // namespace malmoi::app
