#include "app/serve/models.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "app/serve/model_files.h"
#include "app/serve/open_model.h"
#include "app/store/store.h"
#include "app/use/adapter_run.h"
#include "app/use/generate.h"
#include "app/use/model_memory.h"
#include "infer/state_budget.h"

namespace malmoi::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStore = "store";
// Each has its own memory for states: where nobody said how many there shall be, so many parts are made of it at most.
constexpr size_t kMostParts = 4;

// The last part of a folder that says something: `model` and `best` are what a training run calls its models.
std::string served_name_of(const Path& folder) {
  std::error_code ignored;
  Path path = fs::weakly_canonical(fs::absolute(folder, ignored), ignored);
  std::string name = path.filename().string();
  if ((name == "model" || name == "best") && path.has_parent_path()) name = path.parent_path().filename().string();
  return name.empty() ? "model" : name;
}

// PATH or NAME=PATH; a path may itself have the sign.
ServedModel parse_model(const std::string& text) {
  const size_t sign = text.find('=');
  if (sign == std::string::npos || sign == 0 || sign + 1 == text.size() || malmoi::exists(text))
    return {.name = "", .path = text};
  return {.name = text.substr(0, sign), .path = text.substr(sign + 1)};
}

bool is_hidden(const Path& path) { return path.filename().string().starts_with('.'); }

// What a folder holds, by name. A folder that cannot be read holds nothing.
std::vector<Path> visible_entries(const Path& folder) {
  std::vector<Path> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (!is_hidden(it->path())) entries.push_back(it->path());
  }
  std::ranges::sort(entries);
  return entries;
}

// The name of the model at a path of a folder; empty where there is none. Of a file in parts the first one stands for all.
std::string model_name(const Path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return find_model(path.string()).ok() ? path.filename().string() : "";
  const std::string stem = path.stem().string();
  const bool is_later_part = stem.find("-of-") != std::string::npos && stem.find("-00001-of-") == std::string::npos;
  return path.extension() == ".gguf" && !is_later_part ? stem : "";
}

// MODEL, or OWNER/MODEL.
Result<std::vector<ServedModel>> models_in(const Path& folder) {
  std::vector<ServedModel> models;
  auto add = [&](const Path& path, const std::string& owner) {
    const std::string name = model_name(path);
    if (!name.empty()) models.push_back({.name = owner + name, .path = path.string()});
    return !name.empty();
  };
  for (const Path& entry : visible_entries(folder)) {
    if (add(entry, "")) continue;
    for (const Path& inner : visible_entries(entry)) add(inner, entry.filename().string() + "/");
  }
  if (models.empty())
    return not_found("holds no model", folder.string(), "give a folder with folders of models, or GGUF files, in it");
  return models;
}

Result<std::vector<ServedModel>> models_of_store() {
  MALMOI_ASSIGN(const std::vector<StoredModel> stored, stored_models());
  std::vector<ServedModel> models;
  for (const StoredModel& model : stored) models.push_back({.name = model.name, .path = model.folder.string()});
  if (models.empty())
    return not_found("there is no model", store_folder().string(), "bring one there with `malmoi pull`");
  return models;
}

// Whether one of the models stands at a path, however it is written.
bool is_among(const std::vector<ServedModel>& models, const std::string& path) {
  const auto wanted = find_model(path);
  return wanted.ok() && std::ranges::any_of(models, [&](const ServedModel& model) {
           std::error_code differ;
           const auto found = find_model(model.path);
           return found.ok() && fs::equivalent(*found, *wanted, differ);
         });
}

Status check_name(const std::vector<ServedModel>& models, const std::string& name, const char* option) {
  for (const ServedModel& model : models) {
    if (model.name == name || std::ranges::find(model.adapters, name) != model.adapters.end())
      return usage_error("two models are called '" + name + "'", option, "give each a name of its own");
  }
  return {};
}

// MODEL/NAME is an adapter of that model, another name one of the first. Models may have such names themselves: the longest counts.
ServedModel& model_of_adapter(std::vector<ServedModel>& models, const std::string& name) {
  ServedModel* found = nullptr;
  for (ServedModel& model : models) {
    const bool begins = name.size() > model.name.size() + 1 && name.starts_with(model.name + "/");
    if (begins && (!found || model.name.size() > found->name.size())) found = &model;
  }
  return found ? *found : models.front();
}

Status add_adapter(std::vector<ServedModel>& models, const std::string& text) {
  const size_t sign = text.find('=');
  if (sign == std::string::npos || sign == 0 || sign + 1 == text.size())
    return usage_error("'" + text + "' is not NAME=DIR", "--adapter",
                       "name the adapter, such as letters=adapters/letters");
  const std::string name = text.substr(0, sign);
  MALMOI_TRY(check_name(models, name, "--adapter"));
  ServedModel& model = model_of_adapter(models, name);
  model.adapters.push_back(name);
  model.adapter_folders.emplace_back(text.substr(sign + 1));
  return {};
}

Result<std::vector<ServedModel>> named_models(const ServeOptions& options) {
  std::vector<ServedModel> models;
  if (!options.name.empty() && (options.models.size() != 1 || options.folder))
    return usage_error("one name cannot be that of several models", "--name", "write --model NAME=PATH for each");
  for (const std::string& text : options.models) {
    ServedModel model = parse_model(text);
    MALMOI_ASSIGN(const Path folder, find_model(model.path));
    if (!options.name.empty()) model.name = options.name;
    if (model.name.empty()) model.name = served_name_of(folder);
    MALMOI_TRY(check_name(models, model.name, "--model"));
    models.push_back(std::move(model));
  }
  return models;
}

// Of its weights, and of those of its draft model.
Result<size_t> bytes_of(const ServedModel& model, const ServeOptions& options) {
  MALMOI_ASSIGN(const Path folder, find_model(model.path));
  MALMOI_ASSIGN(uint64_t bytes, weight_bytes(folder, load_choice(model, folder, options)));
  const std::string draft = draft_choice(model, options).model;
  if (draft.empty()) return static_cast<size_t>(bytes);
  MALMOI_ASSIGN(const Path draft_folder, find_model(draft));
  MALMOI_ASSIGN(const uint64_t draft_bytes, weight_bytes(draft_folder, {options.load.dtype}));
  return static_cast<size_t>(bytes + draft_bytes);
}

// Of all files that it is read from; empty where they are not all there.
std::string version_of(const ServedModel& model, const ServeOptions& options) {
  std::vector<std::string> names = {model.path};
  if (std::string draft = draft_choice(model, options).model; !draft.empty()) names.push_back(std::move(draft));
  std::vector<Path> paths;
  for (const Path& given : model.adapter_folders) paths.push_back(adapter_at(given));
  for (const std::string& name : names) {
    const auto folder = find_model(name);
    if (!folder.ok()) return "";
    paths.push_back(*folder);
  }
  return files_version(paths);
}

}  // namespace

Result<std::vector<ServedModel>> served_models(const ServeOptions& options) {
  MALMOI_ASSIGN(std::vector<ServedModel> models, named_models(options));
  if (options.folder) {
    const bool is_store = *options.folder == kStore && !malmoi::exists(kStore);
    MALMOI_ASSIGN(std::vector<ServedModel> more, is_store ? models_of_store() : models_in(*options.folder));
    for (ServedModel& model : more) {
      if (is_among(models, model.path)) continue;  // named apart to be the first, or to have another name
      MALMOI_TRY(check_name(models, model.name, "--models"));
      models.push_back(std::move(model));
    }
  }
  if (models.empty())
    return usage_error("no model is named", "--model", "give a model folder, or a folder of models with --models");
  models.front().is_first = true;
  for (const std::string& adapter : options.adapters) MALMOI_TRY(add_adapter(models, adapter));
  for (const std::string& pinned : options.pinned) {
    if (std::ranges::find(models, pinned, &ServedModel::name) == models.end())
      return usage_error("there is no model '" + pinned + "'", "--pin", "give the name of a model that is served");
  }
  return models;
}

MemoryShares share_memory(const ServeOptions& options, size_t models) {
  MemoryShares shares;
  const size_t wanted = options.load_all ? models : std::max(kMostParts, options.pinned.size() + 1);
  shares.most_loaded = std::min(models, options.max_loaded > 0 ? static_cast<size_t>(options.max_loaded) : wanted);
  const size_t free = infer::free_bytes();
  size_t states = options.state_bytes;
  if (models > 1 && states == 0) states = infer::default_state_bytes();
  shares.states = states / shares.most_loaded;
  if (options.models_bytes > 0) shares.models = options.models_bytes;
  else if (models > 1) shares.models = free - std::min(free, states);
  return shares;
}

chat::PooledModel pooled_model(const ServedModel& model, const ServeOptions& options, size_t state_bytes,
                               const Job& job) {
  chat::PooledModel pooled{.info = {.name = model.name}, .adapters = model.adapters};
  // The first is loaded at once, and says it all itself. A folder that cannot be opened is an error once it is asked for.
  if (auto folder = find_model(model.path); folder.ok()) pooled.info = described(model, *folder, !model.is_first);
  pooled.pinned = std::ranges::find(options.pinned, model.name) != options.pinned.end();
  pooled.measure = [model, options] { return bytes_of(model, options); };
  auto states = std::make_shared<size_t>(state_bytes);  // what one version had, the next one has
  pooled.load = [model, options, states, job] { return open_model(model, options, *states, job); };
  pooled.version = [model, options] { return version_of(model, options); };
  return pooled;
}

}  // namespace malmoi::app
