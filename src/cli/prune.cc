// `malmoi prune`.
#include "app/compress/prune.h"

#include "cli/command.h"

namespace malmoi::cli {
namespace {

void add_sizes(CLI::App& command, app::PruneOptions& o) {
  command.add_option("--layers", o.layers, "so many stay: those that change the stream most")
      ->check(CLI::PositiveNumber);
  command.add_option("--drop-layers", o.drop_layers, "these go, counted from 0: 20,21,22")->delimiter(',');
  command.add_option("--intermediate", o.intermediate, "inner channels of each layer that stay")
      ->check(CLI::PositiveNumber);
  command.add_option("--heads", o.heads, "heads of queries that stay; heads of keys and values all do")
      ->check(CLI::PositiveNumber);
  command.add_option("--hidden", o.hidden, "channels of the stream that stay")->check(CLI::PositiveNumber);
  command.add_flag("--sweep", o.sweep,
                   "measure sizes one by one, down to those asked for (or half), and show loss against parameters");
}

}  // namespace

void add_prune(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<app::PruneOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      root.add_subcommand("prune", "a model with fewer layers and channels, chosen by what a text activates");
  command->footer(
      "Example: malmoi prune --model models/base --calibrate texts.jsonl --layers 24 --intermediate 1152 --out "
      "models/small\n"
      "         malmoi prune --model models/base --calibrate texts.jsonl --sweep\n"
      "A pruned model has to learn again (docs/smaller.md): by distillation from the model that it was.");
  command->add_option("--model", o->model, "model folder, or a name in $MALMOI_HOME")->required();
  command->add_option("--calibrate", o->calibration, "a text that shows which parts count")->required();
  command->add_option("--out", o->out, "the model folder to write");
  command->add_option("--measure", o->measure, "a text for the losses (default: the calibration's samples)");
  command->add_option("--samples", o->samples, "of the text that are read (default: 256)")
      ->check(CLI::Range(1, 1 << 20));
  command->add_option("--length", o->length, "tokens of a sample at most (default: 512)")
      ->check(CLI::Range(2, 1 << 20));
  add_sizes(*command, *o);
  add_json_flag(*command, *json);
  add_threads_option(*command);
  command->callback([&invocation, o, json] {
    invocation.run = [&invocation, o, json]() -> Status {
      constexpr int kWidth = 20;
      auto report = app::prune_model(*o, invocation.terminal.job());
      invocation.terminal.finish();
      return print_report(report, *json, kWidth);
    };
  });
}

}  // namespace malmoi::cli
