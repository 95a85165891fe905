// `malmoi run RECIPE.yaml`: all stages of a recipe; only what changed runs again.
#include <fmt/format.h>

#include "app/recipe/recipe.h"
#include "cli/command.h"

namespace malmoi::cli {
namespace {

struct RunOptions {
  std::string recipe;
  app::RecipeOptions options;
  bool json = false;
};

Json outcome_json(const app::StageOutcome& outcome) {
  return {{"name", outcome.name}, {"ran", outcome.ran}, {"reason", outcome.reason}, {"seconds", outcome.seconds}};
}

// Stages that have something to show, whether they ran now or before.
Status print_results(const app::Recipe& recipe, const std::vector<app::StageOutcome>& outcomes, bool json) {
  Json all = {{"recipe", recipe.file}, {"stages", Json::array()}};
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const app::Stage& stage = recipe.stages[i];
    Json entry = outcome_json(outcomes[i]);
    if (json && stage.kind->result) {
      MALMOI_ASSIGN(entry["result"], stage.kind->result(stage.out));
    }
    all["stages"].push_back(std::move(entry));
    if (!json && stage.kind->show) {
      MALMOI_ASSIGN(std::string text, stage.kind->show(stage.out));
      fmt::print("\n== {}\n{}", stage.name, text);
    }
  }
  if (json) print_json(all);
  return {};
}

Status run_stages(const RunOptions& options, const Job& job) {
  MALMOI_ASSIGN(app::Recipe recipe, app::read_recipe(options.recipe));
  MALMOI_ASSIGN(std::vector<app::StageOutcome> outcomes, app::run_recipe(recipe, options.options, job));
  if (options.options.dry_run) {
    if (options.json) {
      Json all = {{"recipe", recipe.file}, {"stages", Json::array()}};
      for (const app::StageOutcome& outcome : outcomes) all["stages"].push_back(outcome_json(outcome));
      print_json(all);
    }
    return {};
  }
  return print_results(recipe, outcomes, options.json);
}

}  // namespace

void add_run(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = root.add_subcommand("run", "run the stages of a recipe; only what changed runs again");
  std::string kinds = "Kinds of stages:\n";
  for (const app::StageKind& kind : app::stage_kinds()) kinds += fmt::format("  {:<11} {}\n", kind.name, kind.summary);
  command->footer(
      kinds + "Example: malmoi run recipes/quickstart.yaml\nA run that was stopped or killed goes on where it was.");
  command->add_option("recipe", options->recipe, "the recipe, a YAML file")->required();
  command->add_flag("--dry-run", options->options.dry_run, "only say which stages would run, and why");
  command->add_option("--again", options->options.again, "run this stage and those after it, whatever their state");
  command->add_option("--until", options->options.until, "stop after this stage");
  add_json_flag(*command, options->json);
  add_threads_option(*command);
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return run_stages(*options, invocation.terminal.job()); };
  });
}

}  // namespace malmoi::cli
