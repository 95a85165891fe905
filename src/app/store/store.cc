#include "app/store/store.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "app/store/choice.h"
#include "app/store/lock.h"
#include "app/store/name.h"
#include "base/json_read.h"

namespace malmoi::app {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargestSource = uint64_t{16} << 20;

bool is_folder(const Path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// What stands in a folder, by name; hidden ones are the store's own.
Result<std::vector<Path>> entries_of(const Path& folder) {
  std::vector<Path> entries;
  std::error_code error;
  fs::directory_iterator it(folder, error), end;
  if (error) return io_error("cannot list", folder.string(), error.value());
  while (it != end) {
    if (!it->path().filename().string().starts_with('.')) entries.push_back(it->path());
    it.increment(error);
    if (error) return io_error("cannot list", folder.string(), error.value());
  }
  std::ranges::sort(entries);
  return entries;
}

Result<std::vector<Path>> gguf_files_in(const Path& folder) {
  MALMOI_ASSIGN(std::vector<Path> files, entries_of(folder));
  std::erase_if(files, [](const Path& file) { return is_folder(file) || !parse_gguf_name(file.string()); });
  return files;
}

StoredModel by_hand(const std::string& name, const Path& path) {
  StoredModel model{.name = name, .folder = path};
  std::error_code ignored;
  auto add = [&](const Path& file) {
    if (fs::is_regular_file(file, ignored))
      model.files.push_back({file.filename().string(), fs::file_size(file, ignored), ""});
  };
  if (!is_folder(path)) {
    add(path);
  } else if (auto files = entries_of(path); files.ok()) {
    for (const Path& file : *files) add(file);
  }
  return model;
}

// The model at a path; nothing where there is none, or half of one.
std::optional<StoredModel> model_at(const std::string& name, const Path& path) {
  if (!is_folder(path)) {
    if (malmoi::exists(path) && parse_gguf_name(name)) return by_hand(name, path);
    return {};
  }
  if (malmoi::exists(path / kSourceFile)) {
    auto model = read_source(name, path);
    return model.ok() ? *std::move(model) : by_hand(name, path);
  }
  auto ggufs = gguf_files_in(path);
  if (malmoi::exists(path / "config.json") || (ggufs.ok() && !ggufs->empty())) return by_hand(name, path);
  return {};
}

// A name of the store as a path in it; empty where it cannot be one.
std::string entry_of(const std::string& name) {
  auto parsed = parse_model_name(name);
  if (parsed.ok()) return parsed->revision.empty() ? parsed->entry() : std::string();
  return is_safe_path(name) ? name : std::string();
}

}  // namespace

uint64_t StoredModel::bytes() const {
  uint64_t sum = 0;
  for (const StoredFile& file : files) sum += file.size;
  return sum;
}

Json to_json(const StoredModel& model, bool brief) {
  Json json = {{"name", model.name},         {"source", model.source},       {"url", model.url},
               {"revision", model.revision}, {"license", model.licence},     {"pulled", model.pulled},
               {"bytes", model.bytes()},     {"path", model.folder.string()}};
  if (brief) return json;
  json["files"] = Json::array();
  for (const StoredFile& file : model.files)
    json["files"].push_back({{"path", file.path}, {"bytes", file.size}, {"sha256", file.sha256}});
  return json;
}

Path store_folder() {
  const char* home = std::getenv("MALMOI_HOME");
  const char* user = std::getenv("HOME");
  return home && *home ? Path(home) : Path(user ? user : ".") / ".cache" / "malmoi";
}

Result<std::vector<StoredModel>> stored_models() {
  std::vector<StoredModel> models;
  const Path store = store_folder();
  if (!is_folder(store)) return models;
  MALMOI_ASSIGN(std::vector<Path> entries, entries_of(store));
  for (const Path& entry : entries) {
    const std::string name = entry.filename().string();
    if (auto model = model_at(name, entry)) {
      models.push_back(*std::move(model));
      continue;
    }
    if (!is_folder(entry)) continue;
    MALMOI_ASSIGN(std::vector<Path> inner, entries_of(entry));
    for (const Path& path : inner) {
      if (auto model = model_at(name + "/" + path.filename().string(), path)) models.push_back(*std::move(model));
    }
  }
  return models;
}

Result<StoredModel> read_source(const std::string& name, const Path& folder) {
  const std::string path = (folder / kSourceFile).string();
  MALMOI_ASSIGN(Json json, read_json(path, kLargestSource));
  if (!json.is_object()) return invalid_data("is no JSON object", path, "pull the model again");
  StoredModel model{.name = name,
                    .folder = folder,
                    .source = json_string(json, "source"),
                    .url = json_string(json, "url"),
                    .revision = json_string(json, "revision"),
                    .licence = json_string(json, "license"),
                    .pulled = json_string(json, "pulled")};
  for (const Json& file : json_list(json, "files"))
    model.files.push_back({json_string(file, "path"), static_cast<uint64_t>(json_count(file, "bytes").value_or(0)),
                           json_string(file, "sha256")});
  return model;
}

Status write_source(const StoredModel& model) {
  Json json = to_json(model);
  json.erase("path");  // it may be moved
  return write_file(model.folder / kSourceFile, dump_json(json, 2) + "\n");
}

Result<StoredModel> stored_model(const std::string& name) {
  const std::string entry = entry_of(name);
  if (!entry.empty()) {
    if (auto model = model_at(entry, store_folder() / entry)) return *std::move(model);
  }
  MALMOI_ASSIGN(std::vector<StoredModel> models, stored_models());
  std::string near;
  for (const StoredModel& model : models) {
    const bool is_near = !entry.empty() && (model.name.starts_with(entry + ":") || model.name.ends_with("/" + entry));
    if (is_near) (near += near.empty() ? "did you mean " : ", ") += model.name;
  }
  return not_found("there is no such model in " + store_folder().string(), name,
                   near.empty() ? "`malmoi models` lists those that there are" : near);
}

namespace {

// What a pull that ended early left, in place of a model.
std::optional<StoredModel> half_model(const std::string& name) {
  const std::string entry = entry_of(name);
  if (entry.empty() || !is_folder(PullLock::folder_of(entry))) return {};
  return by_hand(entry, PullLock::folder_of(entry));
}

}  // namespace

Result<StoredModel> remove_model(const std::string& name) {
  Result<StoredModel> found = stored_model(name);
  const std::optional<StoredModel> half = half_model(name);
  if (!found.ok() && half) found = *half;
  if (!found.ok()) return found;
  StoredModel model = *std::move(found);
  MALMOI_ASSIGN(PullLock lock, PullLock::take(model.name));
  // Out of sight in one step: a removal that is cut off leaves no half model.
  Path gone = lock.folder();
  gone += ".old";
  std::error_code error, ignored;
  fs::remove_all(gone, ignored);
  fs::rename(model.folder, gone, error);
  if (error) return io_error("cannot remove", model.folder.string(), error.value());
  fs::remove_all(gone, error);
  if (!error) fs::remove_all(lock.folder(), error);
  if (error) return io_error("cannot remove", gone.string(), error.value());
  const Path owner = model.folder.parent_path();
  if (owner.parent_path() == store_folder()) fs::remove(owner, ignored);  // only where it is empty
  return model;
}

Result<std::optional<Path>> find_in_store(const std::string& name) {
  const std::string entry = entry_of(name);
  if (entry.empty() || !malmoi::exists(store_folder() / entry)) return std::optional<Path>();
  MALMOI_ASSIGN(Path path, model_file(store_folder() / entry));
  return std::optional<Path>(std::move(path));
}

Result<Path> model_file(const Path& folder) {
  if (!is_folder(folder) || malmoi::exists(folder / "config.json")) return folder;
  MALMOI_ASSIGN(std::vector<Path> files, gguf_files_in(folder));
  if (files.empty()) return folder;
  auto name = parse_gguf_name(files[0].string());
  const bool parts_of_one = name && name->parts > 1 && files.size() == static_cast<size_t>(name->parts);
  if (files.size() == 1 || parts_of_one) return files[0];  // the first opens them all
  return usage_error(fmt::format("holds {} GGUF files", files.size()), folder.string(),
                     "give one of them, such as " + files[0].string());
}

}  // namespace malmoi::app
