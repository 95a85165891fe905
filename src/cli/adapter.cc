// `malmoi adapter`: show an adapter, merge it into its model, write it for llama.cpp, or make one of two models.
#include "app/use/adapter.h"
#include "app/use/adapter_gguf.h"
#include "app/use/extract_adapter.h"

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

void add_extract(CLI::App& parent, Invocation& invocation) {
  auto options = std::make_shared<app::ExtractOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = parent.add_subcommand("extract", "make an adapter of what a model differs from its base by");
  command->footer(
      "Example: malmoi adapter extract --base models/base --model models/tuned --rank 32 --out adapters/tuned");
  command->add_option("--base", options->base, "the model that the adapter stands around")->required();
  command->add_option("--model", options->model, "the model that was trained on from it")->required();
  command->add_option("--out", options->out, "where the adapter's folder goes")->required();
  command->add_option("--rank", options->rank, "rank of each matrix")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--target", options->targets,
                      "modules, as target_modules names them (default: all of the layers)");
  add_json_flag(*command, *json);
  add_threads_option(*command);
  command->callback([&invocation, options, json] {
    invocation.run = [&invocation, options, json]() -> Status {
      constexpr int kWidth = 10;
      return print_report(app::extract_adapter(*options, invocation.terminal.job()), *json, kWidth);
    };
  });
}

}  // namespace

void add_adapter(CLI::App& root, Invocation& invocation) {
  CLI::App* command =
      root.add_subcommand("adapter", "LoRA adapters: show, merge, extract, and write them for llama.cpp");
  command->require_subcommand(1);
  command->footer("Example: malmoi adapter show adapters/letters");
  add_show(*command, invocation);
  add_merge(*command, invocation);
  add_export(*command, invocation);
  add_extract(*command, invocation);
}

}  // namespace malmoi::cli
