// Reading a recipe file.
#include "app/recipe/recipe.h"

#include <algorithm>
#include <set>

namespace malmoi::app {
namespace {

// The object at `path` of a document as a document of its own: its keys lose the prefix and keep their lines.
ConfigDocument document_at(const ConfigDocument& whole, const Json& object, const std::string& path) {
  ConfigDocument part;
  part.root = object.is_null() ? Json::object() : object;
  part.file = whole.file;
  std::string prefix = path + ".";
  for (auto it = whole.lines.lower_bound(prefix); it != whole.lines.end() && it->first.starts_with(prefix); ++it)
    part.lines[it->first.substr(prefix.size())] = it->second;
  return part;
}

std::vector<std::string> names_of(std::span<const StageKind> kinds) {
  std::vector<std::string> names;
  for (const StageKind& kind : kinds) names.emplace_back(kind.name);
  return names;
}

Result<Stage> read_stage(const ConfigDocument& document, const Json& object, const std::string& path, const Path& work,
                         std::span<const StageKind> kinds) {
  ConfigReader reader(document, object, path);
  Stage stage;
  stage.name = reader.text("name", "");
  bool plain = !stage.name.empty() && std::all_of(stage.name.begin(), stage.name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_';
  });
  if (!plain) reader.fail("name", "a name of letters, digits, - and _ is needed", "write name: corpus");
  stage.kind = &kinds[std::min(reader.choice("kind", names_of(kinds), kinds.size()), kinds.size() - 1)];
  if (!reader.has("kind")) reader.fail("kind", "the kind of stage '" + stage.name + "' is missing");
  for (const std::string& input : reader.texts("inputs")) stage.inputs.emplace_back(input);
  stage.out = reader.text("out", (work / stage.name).string());
  std::string config = reader.text("config", "");
  const Json& settings = reader.raw("settings");
  if (!config.empty() && !settings.is_null()) reader.fail("config", "stands beside settings", "keep one of the two");
  if (!settings.is_null() && !settings.is_object()) reader.fail("settings", "a mapping of keys was expected");
  MALMOI_TRY(reader.finish());
  if (config.empty()) {
    stage.settings = document_at(document, settings, path + ".settings");
  } else {
    MALMOI_ASSIGN(stage.settings, read_config(config));
  }
  if (stage.kind->implied_inputs) {
    for (Path& input : stage.kind->implied_inputs(stage.settings.root)) {
      if (!input.empty()) stage.implied.push_back(std::move(input));  // what is missing is the kind's to say
    }
  }
  std::set<Path> seen;
  auto is_named_twice = [&](const Path& input) { return !seen.insert(input.lexically_normal()).second; };
  std::erase_if(stage.inputs, is_named_twice);
  std::erase_if(stage.implied, is_named_twice);
  return stage;
}

}  // namespace

Result<Recipe> read_recipe(const Path& path, std::span<const StageKind> kinds) {
  MALMOI_ASSIGN(ConfigDocument document, read_config(path));
  if (document.root.contains("train") && !document.root.contains("stages"))
    return usage_error("is a training configuration, not a recipe", path.string(), "run it with `malmoi train`");
  ConfigReader reader(document);
  Recipe recipe;
  recipe.file = path.string();
  reader.integer("schema_version", 1, 1, 1);
  recipe.work = reader.text("work", "");
  if (recipe.work.empty()) reader.fail("work", "the folder of the recipe's work is missing", "write work: runs/first");
  const Json& stages = reader.raw("stages");
  if (!stages.is_array() || stages.empty())
    reader.fail("stages", "a list of stages was expected", "write `- name: ...` lines under it");
  MALMOI_TRY(reader.finish());
  std::set<std::string> names;
  std::set<Path> outs;
  for (size_t i = 0; i < stages.size(); ++i) {
    std::string at = "stages[" + std::to_string(i) + "]";
    MALMOI_ASSIGN(Stage stage, read_stage(document, stages[i], at, recipe.work, kinds));
    if (!names.insert(stage.name).second)
      return usage_error("two stages are named '" + stage.name + "'", document.where(at + ".name"), "rename one");
    if (!outs.insert(stage.out.lexically_normal()).second)
      return usage_error("two stages write " + stage.out.string(), document.where(at + ".out"), "give each its own");
    recipe.stages.push_back(std::move(stage));
  }
  return recipe;
}

}  // namespace malmoi::app
