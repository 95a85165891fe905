// `malmoi reward`: tries the rewards of a configuration on rows.
#include <memory>

#include "app/reward/try_rewards.h"
#include "cli/command.h"

namespace malmoi::cli {

void add_reward(CLI::App& root, Invocation& invocation) {
  auto options = std::make_shared<app::TryRewardsOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = root.add_subcommand("reward", "what the rewards of a configuration say of answers, to try them");
  command->footer(
      "A row: {\"prompt\": ..., \"completion\": ..., and the columns that the rewards read}.\n"
      "The exit status is 3 where some could not be judged.\n"
      "Example: malmoi reward config.yaml answers.jsonl");
  command->add_option("config", options->config, "YAML with `rewards`, at the top or under `objective`")->required();
  command->add_option("file", options->rows, "JSON lines, plain or zstd (default: standard input)");
  command->add_option("--limit", options->limit, "rows at most (default: all)")
      ->check(CLI::Range(int64_t{1}, INT64_MAX));
  add_json_flag(*command, *json);
  add_threads_option(*command);
  command->callback([&invocation, options, json] {
    invocation.run = [&invocation, options, json]() -> Status {
      constexpr int kNameWidth = 10;
      auto trial = app::try_rewards(*options, invocation.terminal.job());
      if (trial.ok() && trial->failed() > 0) invocation.exit_code = 3;
      return print_report(trial, *json, kNameWidth);
    };
  });
}

}  // namespace malmoi::cli
