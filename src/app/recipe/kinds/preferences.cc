#include "app/reward/preferences.h"

#include "app/recipe/kinds/kinds.h"
#include "app/recipe/kinds/paths.h"

namespace malmoi::app::kinds {
namespace {

std::vector<Path> preferences_inputs(const Json& settings) {
  std::vector<Path> paths;
  add_paths(settings, {"model", "prompts", "before"}, paths);
  add_chat_template(settings, paths);
  const Json rewards = part(settings, "rewards");
  if (!rewards.is_array()) return paths;
  for (const Json& reward : rewards) {
    const std::string type = json_string(reward, "type");
    if (type == "json_schema") add_paths(reward, {"file"}, paths);
    if (type != "model") continue;
    add_paths(reward, {"model"}, paths);
    add_chat_template(reward, paths);
  }
  return paths;
}

Status preferences_run(const StageCall& call) {
  ConfigReader reader(call.settings);
  MALMOI_ASSIGN(PreferConfig config, read_prefer_config(reader));
  auto made = prefer(std::move(config), call.out, call.job);
  return made.ok() ? Status() : Status(made.error());
}

Result<Json> preferences_result(const Path& out) { return read_json((out / "preferences.json").string()); }

Result<std::string> preferences_show(const Path& out) {
  MALMOI_ASSIGN(const Json report, preferences_result(out));
  return preferences_text(report);
}

}  // namespace

const StageKind kPreferences = {"preferences",
                                "answers of a model judged by rewards, and pairs of them to learn from",
                                1,
                                false,
                                preferences_inputs,
                                preferences_run,
                                preferences_show,
                                preferences_result};

}  // namespace malmoi::app::kinds
