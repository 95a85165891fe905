// `malmoi data prefer`: pairs of a better and a worse answer, made by a model and judged by rewards.
#include <fmt/format.h>

#include "app/reward/preferences.h"
#include "cli/command.h"

namespace malmoi::cli {
namespace {

struct PreferCommand {
  Path config, out;
  bool json = false;
};

Status prefer_pairs(const PreferCommand& options, const Job& job) {
  MALMOI_ASSIGN(const ConfigDocument document, read_config(options.config));
  ConfigReader reader(document);
  MALMOI_ASSIGN(app::PreferConfig config, app::read_prefer_config(reader));
  MALMOI_ASSIGN(const app::PreferReport report, app::prefer(std::move(config), options.out, job));
  if (options.json) print_json(app::to_json(report));
  else fmt::print("{}", app::preferences_text(app::to_json(report)));
  return {};
}

}  // namespace

void add_data_prefer(CLI::App& data, Invocation& invocation) {
  auto options = std::make_shared<PreferCommand>();
  CLI::App* command =
      data.add_subcommand("prefer", "pairs of a better and a worse answer of a model, judged by rewards, for dpo");
  command->footer(
      "The configuration: model, prompts (files of rows with `prompt` and what the rewards read), rewards, and, if "
      "they\n"
      "shall be others, answers: 8, pairs: 1, max_tokens: 128, temperature: 1 ... (docs/rewards.md).\n"
      "Example: malmoi data prefer prefer.yaml --out pairs");
  command->add_option("config", options->config, "YAML with `model`, `prompts` and `rewards`")->required();
  command->add_option("--out", options->out, "the folder of pairs.jsonl, answers.jsonl and preferences.json")
      ->required();
  add_json_flag(*command, options->json);
  add_threads_option(*command);
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return prefer_pairs(*options, invocation.terminal.job()); };
  });
}

}  // namespace malmoi::cli
