// `malmoi compare`: architectures of equal size and time, side by side.
#include <fmt/format.h>

#include "app/compare/compare.h"
#include "cli/command.h"

namespace malmoi::cli {
namespace {

void print_table(const app::CompareReport& report) {
  fmt::print("{:<14} {:>12} {:>8} {:>12} {:>12}\n", "model", "parameters", "steps", "tokens/s", "valid loss");
  for (const app::ComparedResult& result : report.models)
    fmt::print("{:<14} {:>12} {:>8} {:>12.0f} {:>12.4f}\n", result.name, result.parameters, result.steps,
               result.tokens_per_second, result.valid_loss);
}

}  // namespace

void add_compare(CLI::App& root, Invocation& invocation) {
  auto recipe = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = root.add_subcommand("compare", "train architectures of equal size side by side: a report");
  command->footer(
      "Example: malmoi compare recipes/compare.yaml\nMade again, only what changed in the recipe is trained anew.");
  command->add_option("recipe", *recipe, "the comparison, a YAML file")->required();
  add_json_flag(*command, *json);
  add_threads_option(*command);
  command->callback([&invocation, recipe, json] {
    invocation.run = [&invocation, recipe, json]() -> Status {
      MALMOI_ASSIGN(ConfigDocument document, read_config(*recipe));
      MALMOI_ASSIGN(app::CompareReport report, app::compare(document, invocation.terminal.job()));
      if (*json) print_json(to_json(report));
      else print_table(report);
      return {};
    };
  });
}

}  // namespace malmoi::cli
