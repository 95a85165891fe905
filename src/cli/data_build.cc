// `malmoi data build`: documents to a corpus.
#include <fmt/format.h>

#include "app/data/build.h"
#include "base/log.h"
#include "base/shown.h"
#include "cli/command.h"

namespace malmoi::cli {
namespace {

struct BuildCommand : app::DataBuildOptions {
  std::string why;
  uint64_t dry_run = 0;
  bool json = false;
};

std::string in_brackets(const std::string& detail) { return detail.empty() ? "" : " (" + show_controls(detail) + ")"; }

Status explain(const BuildCommand& options) {
  std::string out = options.out;
  if (out.empty() && !options.recipe.empty()) {
    MALMOI_ASSIGN(data::Recipe recipe, app::data_recipe(options));
    out = recipe.out.string();
  }
  if (out.empty()) return usage_error("--why needs the corpus", "command line", "say --out DIR");
  MALMOI_ASSIGN(std::vector<data::Finding> found, data::explain(out, options.why));
  if (options.json) {
    Json all = Json::array();
    for (const data::Finding& finding : found) all.push_back(to_json(finding));
    print_json({{"id", options.why}, {"found", std::move(all)}});
    return {};
  }
  for (const data::Finding& finding : found) {
    std::string id = show_controls(finding.id);
    if (!finding.event) fmt::print("{}: kept {}\n", id, show_controls(finding.place));
    else
      fmt::print("{}: {} {}{}\n", id, finding.event->dropped ? "dropped" : "changed", finding.event->rule,
                 in_brackets(finding.event->detail));
  }
  return {};
}

Status dry_run(const BuildCommand& options, const Job& job) {
  MALMOI_ASSIGN(data::Recipe recipe, app::data_recipe(options));
  MALMOI_ASSIGN(std::vector<data::DryRunDocument> documents, app::data_dry_run(recipe, options, options.dry_run, job));
  if (options.json) {
    Json all = Json::array();
    for (const data::DryRunDocument& document : documents) all.push_back(to_json(document));
    print_json({{"documents", std::move(all)}});
    return {};
  }
  for (const data::DryRunDocument& document : documents) {
    std::string line = fmt::format("{:<5} {}", document.kept ? "keep" : "drop", show_controls(document.id));
    if (document.kept)
      line +=
          fmt::format("  [{} {}]", document.kept->language, format_bytes(static_cast<double>(document.kept->bytes)));
    for (const data::Event& event : document.events) line += "  " + event.rule + in_brackets(event.detail);
    fmt::print("{}\n", line);
  }
  return {};
}

Status build(const BuildCommand& options, Invocation& invocation) {
  const Job& job = invocation.terminal.job();
  MALMOI_ASSIGN(data::Recipe recipe, app::data_recipe(options));
  MALMOI_ASSIGN(data::BuildResult result, app::data_build(recipe, options, job));
  if (result.waiting) {
    job.message("this process did its share; another one finishes the corpus");
    return {};
  }
  if (options.json) print_json(result.report);
  else
    job.message(fmt::format("{}{} -> {}, report: {}", result.present ? "nothing to do: " : "",
                            app::data_summary(result.report), recipe.out.string(),
                            (recipe.out / "report.html").string()));
  if (result.skipped) invocation.exit_code = 3;
  return {};
}

// The tables of what recipes may name.
std::string tables() {
  std::string out = "Formats (found by name and content; `format:` of a source):\n";
  for (const data::FormatEntry& format : data::format_table())
    out += fmt::format("  {:<18} {}\n", format.name, format.summary);
  out += "  and all of them packed: gz, zst, xz, bz2, zip, tar, 7z\nFilters (`filters:` of a recipe, in order):\n";
  for (const data::FilterEntry& filter : data::filter_table())
    out += fmt::format("  {:<18} {}\n", filter.name, filter.summary);
  return out;
}

}  // namespace

void add_data_build(CLI::App& data, Invocation& invocation) {
  auto options = std::make_shared<BuildCommand>();
  CLI::App* command = data.add_subcommand("build", "documents of any common kind to a clean corpus, with a report");
  command->footer(
      "A recipe names sources and stages (extract, languages, filters, dedup, pii, decontaminate, split, order, mix, "
      "output,\n"
      "limits); without one, --in and --out build with the defaults. Run again, it goes on where it was.\n"
      "Exit code 3: done, but some inputs could not be read; report.json and events.jsonl.zst say which.\n"
      "Many processes on shared storage: the same command in each, by --rank R --world N, MALMOI_RANK and "
      "MALMOI_WORLD,\n"
      "srun, mpirun or a Slurm array; the last to finish its share writes the corpus, the same as one process "
      "would.\n" +
      tables() +
      "Example: malmoi data build --in docs/ pages.warc.gz --out corpus\n"
      "Example: malmoi data build recipe.yaml --set dedup.near.threshold=0.8\n"
      "Example: malmoi data build --why docs/page.html --out corpus");
  command->add_option("recipe", options->recipe, "a recipe (YAML)");
  command->add_option("--in", options->in, "files and folders")->expected(1, -1);
  command->add_option("--out", options->out, "the corpus: a new or empty folder, or one built before");
  command->add_option("--set", options->set, "KEY=VALUE over the recipe")->expected(1, -1);
  command->add_option("--dry-run", options->dry_run, "show what would happen to the first N documents; write nothing");
  command->add_option("--why", options->why, "say what happened to the document ID, and by which rule");
  command->add_option("--memory-limit", options->memory_bytes, "e.g. 1GiB (default: a quarter of the machine's)")
      ->type_name("SIZE")  // no plain integer: 64MiB
      ->transform(CLI::AsSizeValue(false));
  command->add_option("--rank", options->rank, "this process, from 0")->check(CLI::Range(0, 999999));
  command->add_option("--world", options->world, "how many processes share the work")->check(CLI::Range(1, 1000000));
  command->add_flag("--keep-work", options->keep_work, "leave the intermediate files");
  command->add_flag("--force", options->force, "build again even if nothing changed");
  add_json_flag(*command, options->json);
  add_threads_option(*command);
  command->callback([&invocation, options] {
    invocation.run = [options, &invocation]() -> Status {
      if (!options->why.empty()) return explain(*options);
      return options->dry_run > 0 ? dry_run(*options, invocation.terminal.job()) : build(*options, invocation);
    };
  });
}

}  // namespace malmoi::cli
