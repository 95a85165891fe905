#include "app/data/build.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "app/data/rank.h"
#include "app/data/scorers.h"
#include "base/counted.h"
#include "base/json_read.h"
#include "base/log.h"
#include "base/parallel.h"

namespace malmoi::app {
namespace {

data::BuildOptions build_options(const DataBuildOptions& options) {
  data::BuildOptions build;
  build.workers = num_threads();
  auto machine = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  build.memory_bytes = options.memory_bytes ? options.memory_bytes : std::max<uint64_t>(machine / 4, 1ull << 30);
  build.keep_work = options.keep_work;
  build.force = options.force;
  Rank rank = find_rank(options.rank, options.world);
  build.rank = rank.rank;
  build.world = rank.world;
  return build;
}

}  // namespace

Result<data::Recipe> data_recipe(ConfigDocument document, const DataBuildOptions& options) {
  if (!options.in.empty()) {
    Json sources = Json::array();
    for (const data::SourceSpec& source : data::default_recipe(options.in, options.out).sources)
      sources.push_back({{"name", source.name}, {"paths", source.paths}});
    document.root["sources"] = std::move(sources);
  }
  for (const std::string& assignment : options.set) MALMOI_TRY(override_config(document, assignment));
  if (!options.out.empty()) document.root["out"] = options.out;
  return data::parse_recipe(document);
}

Result<data::Recipe> data_recipe(const DataBuildOptions& options) {
  ConfigDocument document;
  document.file = "--in";
  document.root = Json::object();
  if (!options.recipe.empty()) {
    MALMOI_ASSIGN(document, read_config(options.recipe));
  } else if (options.in.empty()) {
    return usage_error("nothing to build from", "command line", "name a recipe, or --in PATH... --out DIR");
  } else if (!options.out.empty()) {
    document.root["name"] = Path(options.out).filename().string();
  }
  return data_recipe(std::move(document), options);
}

Result<data::BuildResult> data_build(const data::Recipe& recipe, const DataBuildOptions& options, const Job& job) {
  data::BuildOptions build = build_options(options);
  MALMOI_ASSIGN(build.filters, filter_context(recipe, job));
  return data::build_corpus(recipe, build, job);
}

Result<std::vector<data::DryRunDocument>> data_dry_run(const data::Recipe& recipe, const DataBuildOptions& options,
                                                       uint64_t n, const Job& job) {
  data::BuildOptions build = build_options(options);
  MALMOI_ASSIGN(build.filters, filter_context(recipe, job));
  return data::dry_run(recipe, build, n, job);
}

std::string data_summary(const Json& report) {
  const Json &inputs = json_object(report, "inputs"), &kept = json_object(report, "kept");
  auto count = [](const Json& of, const char* key) { return static_cast<uint64_t>(json_count(of, key).value_or(0)); };
  auto bytes = [](const Json& of) { return format_bytes(json_number(of, "bytes").value_or(0)); };
  std::string out = fmt::format("{} read, {} kept: {} of text", counted(count(inputs, "documents"), "document"),
                                count(kept, "documents"), bytes(kept));
  std::string languages;
  for (const auto& [language, sizes] : json_object(report, "languages").items())
    languages += fmt::format("{}{} {}", languages.empty() ? " (" : ", ", language, bytes(sizes));
  if (!languages.empty()) out += languages + ")";
  uint64_t skipped = count(inputs, "skipped");
  if (skipped > 0) out += "; " + counted(skipped, "input") + " could not be read";
  return out;
}

}  // namespace malmoi::app
