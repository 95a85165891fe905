// Where a model stands that somebody names.
#include <optional>

#include <fmt/format.h>

#include "app/store/store.h"
#include "app/use/adapter_run.h"
#include "app/use/generate.h"

namespace malmoi::app {
namespace {

// What a training run in the folder left: its best model, or its last one.
std::optional<Path> model_of_run(const Path& folder) {
  for (const char* name : {"best", "model"}) {
    if (malmoi::exists(folder / name / "config.json")) return folder / name;
  }
  return {};
}

// A folder may hold one GGUF file. One that holds no model itself may be a training run, or have one in it (what a recipe leaves).
Result<Path> model_in(const Path& named, const Message& message) {
  MALMOI_ASSIGN(Path folder, model_file(named));
  if (!std::filesystem::is_directory(folder) || malmoi::exists(folder / "config.json")) return folder;
  if (auto model = model_of_run(folder)) {
    message(fmt::format("{} is a training run: its model {} is used", folder.string(), model->string()));
    return *model;
  }
  if (auto adapter = adapter_in(folder))
    return not_found(
        "holds an adapter, no model", adapter->string(),
        "give its model, and --adapter " + adapter->string() + ", or merge the two (malmoi adapter merge)");
  std::string remedy = "give a folder with config.json and model.safetensors";
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const bool holds_model =
        malmoi::exists(entry.path() / "config.json") || model_of_run(entry.path()) || adapter_in(entry.path());
    if (holds_model) remedy = "did you mean " + entry.path().string() + "?";
  }
  return not_found("holds no model", folder.string(), remedy);
}

}  // namespace

Result<Path> find_model(const std::string& name, const Message& message) {
  if (malmoi::exists(name)) return model_in(name, message);
  MALMOI_ASSIGN(std::optional<Path> stored, find_in_store(name));
  if (stored) return model_in(*stored, message);
  return not_found(
      "there is no such model", name.empty() ? "--model" : name,
      "give a model folder, or a name in " + store_folder().string() + " (`malmoi pull` brings models there)");
}

std::string lasting_name(const std::string& name, const Path& found) {
  std::error_code ignored;
  return malmoi::exists(name) ? std::filesystem::absolute(found, ignored).lexically_normal().string() : name;
}

}  // namespace malmoi::app
