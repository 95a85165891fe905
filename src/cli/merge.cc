// `malmoi merge`.
#include "app/compress/merge.h"

#include "cli/command.h"

namespace malmoi::cli {

void add_merge_models(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<app::ModelMergeOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      root.add_subcommand("merge", "several models of one family as one, by a recipe in mergekit's form");
  command->footer(
      "Example: malmoi merge ties.yaml models/merged\n"
      "A recipe: {merge_method: ties, base_model: models/base, parameters: {weight: 0.5, density: 0.5},\n"
      "           models: [{model: models/one}, {model: models/two}]}");
  command->add_option("RECIPE", o->recipe, "YAML: merge_method, models or slices, parameters ...")->required();
  command->add_option("OUT", o->out, "the model folder to write")->required();
  command->add_option("--seed", o->seed, "of what dare and della draw (default: 1)");
  add_json_flag(*command, *json);
  add_threads_option(*command);
  command->callback([&invocation, o, json] {
    invocation.run = [&invocation, o, json]() -> Status {
      constexpr int kWidth = 12;
      auto report = app::merge_by_recipe(*o, invocation.terminal.job());
      invocation.terminal.finish();
      return print_report(report, *json, kWidth);
    };
  });
}

}  // namespace malmoi::cli
