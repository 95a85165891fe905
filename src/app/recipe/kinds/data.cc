#include "app/data/build.h"
#include "app/recipe/kinds/kinds.h"
#include "app/recipe/kinds/paths.h"

namespace malmoi::app::kinds {
namespace {

// A source is a path alone, or says `path`, or `paths`.
void add_sources(const Json& sources, std::vector<Path>& paths) {
  if (!sources.is_array()) return;
  for (const Json& source : sources) {
    if (source.is_string()) paths.emplace_back(source.get<std::string>());
    add_paths(source, {"path", "paths"}, paths);
  }
}

// The models and lists of filters, each a name alone or `name: {settings}`.
void add_filters(const Json& filters, std::vector<Path>& paths) {
  if (!filters.is_array()) return;
  for (const Json& filter : filters) {
    if (!filter.is_object()) continue;
    for (const Json& settings : filter) add_paths(settings, {"model", "scorer", "files"}, paths);
  }
}

std::vector<Path> data_inputs(const Json& settings) {
  std::vector<Path> paths;
  add_sources(part(settings, "sources"), paths);
  add_filters(part(settings, "filters"), paths);
  add_paths(part(settings, "pii"), {"key_file"}, paths);
  add_paths(part(settings, "decontaminate"), {"sets"}, paths);
  return paths;
}

Status data_run(const StageCall& call) {
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

Result<Json> data_result(const Path& out) { return read_json((out / "report.json").string()); }

Result<std::string> data_show(const Path& out) {
  MALMOI_ASSIGN(Json report, data_result(out));
  return data_summary(report) + "\nreport: " + (out / "report.html").string() + "\n";
}

}  // namespace

const StageKind kData = {"data",      "build a corpus from documents; settings are those of a data recipe",
                         1,           true,
                         data_inputs, data_run,
                         data_show,   data_result};

}  // namespace malmoi::app::kinds
