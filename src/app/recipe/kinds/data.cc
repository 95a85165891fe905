#include "app/data/build.h"
#include "app/recipe/kinds/kinds.h"

namespace malmoi::app::kinds {
namespace {

void add_paths(const Json& named, std::vector<Path>& paths) {
  if (named.is_string()) paths.emplace_back(named.get<std::string>());
  if (!named.is_array()) return;
  for (const Json& path : named) {
    if (path.is_string()) paths.emplace_back(path.get<std::string>());
  }
}

// A source is a path alone, or says `path`, or `paths`.
std::vector<Path> inputs(const Json& settings) {
  std::vector<Path> paths;
  if (!settings.is_object() || !settings.contains("sources") || !settings["sources"].is_array()) return paths;
  for (const Json& source : settings["sources"]) {
    if (source.is_string()) add_paths(source, paths);
    if (!source.is_object()) continue;
    for (const char* key : {"path", "paths"}) add_paths(source.value(key, Json()), paths);
  }
  return paths;
}

Status run(const StageCall& call) {
  DataBuildOptions options;
  if (!call.settings.root.contains("sources")) {
    for (const Path& input : call.inputs) options.in.push_back(input.string());
  }
  options.out = call.out.string();
  MALMOI_ASSIGN(data::Recipe recipe, data_recipe(call.settings, options));
  MALMOI_ASSIGN(data::BuildResult built, data_build(recipe, options, call.job));
  call.job.message(data_summary(built.report));
  return {};
}

Result<Json> result(const Path& out) { return read_json((out / "report.json").string()); }

Result<std::string> show(const Path& out) {
  MALMOI_ASSIGN(Json report, result(out));
  return data_summary(report) + "\nreport: " + (out / "report.html").string() + "\n";
}

}  // namespace

const StageKind kData = {
    "data", "build a corpus from documents; settings are those of a data recipe", 1, true, inputs, run, show, result};

}  // namespace malmoi::app::kinds
