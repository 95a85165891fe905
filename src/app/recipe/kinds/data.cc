// The stage that builds a corpus: its settings are those of `malmoi data build`, its inputs the sources.
#include <fmt/format.h>

#include "app/data_build.h"
#include "app/recipe/kinds/kinds.h"
#include "base/log.h"
#include "data/corpus.h"

namespace malmoi::app::kinds {
namespace {

Status run(const StageCall& call) {
  DataBuildOptions options;
  options.out = call.out.string();
  // Sources written out in the settings say more than the inputs, which then only tell when to run again.
  if (!call.settings.root.contains("sources"))
    for (const Path& input : call.inputs) options.in.push_back(input.string());
  ConfigDocument settings = call.settings;
  if (!settings.root.contains("name")) settings.root["name"] = call.out.filename().string();
  MALMOI_ASSIGN(data::Recipe recipe, data_recipe(std::move(settings), options));
  MALMOI_ASSIGN(data::BuildResult result, data_build(recipe, options, data_progress_line()));
  log_info("corpus: " + data_summary(result.report) + ", report: " + (call.out / "report.html").string());
  return {};
}

Result<std::string> show(const Path& out) {
  MALMOI_ASSIGN(Json report, read_json((out / "report.json").string()));
  return data_summary(report) + ", report: " + (out / "report.html").string() + "\n";
}

Result<Json> result(const Path& out) { return read_json((out / "report.json").string()); }

}  // namespace

const StageKind kData = {"data", "build a corpus from the inputs", 1, true, nullptr, run, show, result};

}  // namespace malmoi::app::kinds
