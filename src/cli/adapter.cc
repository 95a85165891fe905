// `malmoi adapter`: show an adapter, merge it into its model, or write it for llama.cpp.
#include "app/use/adapter.h"
#include "app/use/adapter_gguf.h"

#include <fmt/format.h>

#include "cli/command.h"

namespace malmoi::cli {
namespace {

void add_show(CLI::App& parent, Invocation& invocation) {
  auto adapter = std::make_shared<Path>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = parent.add_subcommand("show", "what an adapter's files say");
  command->footer("Example: malmoi adapter show adapters/letters");
  command->add_option("adapter", *adapter, "folder with adapter_config.json, or a GGUF file")->required();
  add_json_flag(*command, *json);
  command->callback([&invocation, adapter, json] {
    invocation.run = [adapter, json]() -> Status {
      constexpr int kWidth = 16;
      return print_report(app::show_adapter(*adapter), *json, kWidth);
    };
  });
}

void add_merge(CLI::App& parent, Invocation& invocation) {
  auto options = std::make_shared<app::MergeOptions>();
  CLI::App* command = parent.add_subcommand("merge", "write a model with the adapter in its weights");
  command->footer("Example: malmoi adapter merge --model models/base --adapter adapters/letters --out models/letters");
  command->add_option("--model", options->model, "model folder, or a name in $MALMOI_HOME")->required();
  command->add_option("--adapter", options->adapter, "folder with adapter_config.json, or a GGUF file")->required();
  command->add_option("--out", options->out, "where the model folder goes")->required();
  add_choice<std::optional<DType>>(*command, "--dtype", options->dtype,
                                   {{"f32", DType::kF32}, {"bf16", DType::kBF16}, {"f16", DType::kF16}},
                                   "type of the weights written (default: the model's)");
  add_threads_option(*command);
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return app::merge_adapter(*options, invocation.terminal.job()); };
  });
}

void add_export(CLI::App& parent, Invocation& invocation) {
  auto options = std::make_shared<app::AdapterExport>();
  CLI::App* command = parent.add_subcommand("export", "write an adapter as a GGUF file, for llama.cpp");
  command->footer("Example: malmoi adapter export --model models/base --adapter adapters/letters --out letters.gguf");
  command->add_option("--model", options->model, "model folder, or a name in $MALMOI_HOME")->required();
  command->add_option("--adapter", options->adapter, "folder with adapter_config.json, or a run that trained one")
      ->required();
  command->add_option("--out", options->out, "the GGUF file to write")->required();
  command->callback([&invocation, options] {
    invocation.run = [&invocation, options] { return app::export_adapter(*options, invocation.terminal.job()); };
  });
}

}  // namespace

void add_adapter(CLI::App& root, Invocation& invocation) {
  CLI::App* command =
      root.add_subcommand("adapter", "LoRA adapters: show one, merge it into its model, or write it for llama.cpp");
  command->require_subcommand(1);
  command->footer("Example: malmoi adapter show adapters/letters");
  add_show(*command, invocation);
  add_merge(*command, invocation);
  add_export(*command, invocation);
}

}  // namespace malmoi::cli
