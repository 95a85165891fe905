// `malmoi tune`.
#include "app/tune/tune.h"

#include <fmt/format.h>

#include "cli/command.h"

namespace malmoi::cli {
namespace {

std::map<std::string, app::TuneGoal> tune_goals() {
  std::map<std::string, app::TuneGoal> goals;
  for (size_t i = 0; i < app::kTuneGoalNames.size(); ++i)
    goals[std::string(app::kTuneGoalNames[i])] = static_cast<app::TuneGoal>(i);
  return goals;
}

Status run_tune(const app::TuneOptions& options, bool json, Terminal& terminal) {
  MALMOI_ASSIGN(const app::TuneReport report, app::tune(options, terminal.job()));
  terminal.finish();
  if (json) {
    print_json(to_json(report));
    return {};
  }
  if (!report.trained) {
    fmt::print("train it with: malmoi train {}\n", report.config);
    return {};
  }
  fmt::print("{}",
             report.changes.empty() ? "nothing was held out, so nothing says how much better it is\n" : report.changes);
  fmt::print("the model is {}; use it with\n", report.model);
  for (const std::string& command : report.commands) fmt::print("  {}\n", command);
  return {};
}

}  // namespace

void add_tune(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<app::TuneOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = root.add_subcommand("tune", "make a model better at one's own examples, all settings chosen");
  command->footer(
      "Example: malmoi tune --model models/base --data chats.jsonl --goal chat\n"
      "What is chosen is said with its reason and stands in OUT/tune.yaml, a configuration for `malmoi train`.");
  command->add_option("--model", o->model, "model folder, GGUF file, or a name in $MALMOI_HOME")->required();
  command->add_option("--data", o->data, "file of examples: JSON lines, CSV or tab-separated")->required();
  add_choice(*command, "--goal", o->goal, tune_goals(),
             "chat: conversations or preferences; classify: texts with labels; translate: pairs of texts; embed: pairs "
             "that mean the same, with scores or without")
      ->required();
  command->add_option("--out", o->out, "folder for the run (default: runs/GOAL-DATA)");
  command->add_option("--minutes", o->minutes, "take at most about so long (default: as long as the epochs take)")
      ->check(CLI::PositiveNumber);
  command->add_option("--set", o->assignments, "another value in place of a chosen one: a.b=value (may be repeated)");
  command->add_flag("--dry-run", o->dry_run, "choose, say and write the configuration; train nothing");
  command->add_flag("--merge", o->merge, "merge the adapter, if one is trained, into a model of its own: OUT/model");
  add_json_flag(*command, *json);
  add_threads_option(*command);
  command->callback([&invocation, o, json] {
    invocation.run = [&invocation, o, json] { return run_tune(*o, *json, invocation.terminal); };
  });
}

}  // namespace malmoi::cli
