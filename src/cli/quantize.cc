// `malmoi quantize` and `malmoi convert`.
#include "app/compress/convert.h"

#include "app/use/generate.h"
#include "cli/command.h"
#include "model/gguf_config.h"
#include "quantize/type_choice.h"

namespace malmoi::cli {
namespace {

Status run(const app::QuantizeOptions& options, bool json, Invocation& invocation) {
  auto report = app::quantize_model(options, invocation.terminal.job());
  invocation.terminal.finish();
  return print_report(report, json, 16);
}

struct ConvertOptions {
  std::string from;
  Path to;
  DType dtype = DType::kBF16;
  std::string type;
};

Status convert(const ConvertOptions& o, bool json, Invocation& invocation) {
  if (o.to.extension() == ".gguf")
    return run({.model = o.from, .type = o.type, .out = o.to, .tensors = {}}, json, invocation);
  if (!o.type.empty()) return usage_error("is for .gguf files alone", "--type", "use --dtype");
  const Job& job = invocation.terminal.job();
  MALMOI_ASSIGN(const Path from, app::find_model(o.from, job.message));
  if (!model::is_gguf(from))
    return usage_error("neither is a .gguf file", "FROM, TO", "give one, for example model.gguf");
  return app::convert_to_folder(from, o.to, o.dtype, job);
}

}  // namespace

void add_quantize(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<app::QuantizeOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = root.add_subcommand("quantize", "a model in fewer bits, as a GGUF file");
  command->footer("Example: malmoi quantize --model runs/first/model --type q4_k_m --out first.gguf");
  command->add_option("--model", o->model, "model folder, .gguf file, or a name in $MALMOI_HOME")->required();
  std::string names;
  for (std::string_view name : quantize::file_type_names()) names += (names.empty() ? "" : ", ") + std::string(name);
  command->add_option("--type", o->type, names)->required();
  command->add_option("--out", o->out, "the .gguf file to write")->required();
  command->add_option("--tensor", o->tensors,
                      "PATTERN=TYPE: tensors whose name matches get another type; may be repeated");
  add_json_flag(*command, *json);
  add_threads_option(*command);
  command->callback(
      [&invocation, o, json] { invocation.run = [&invocation, o, json] { return run(*o, *json, invocation); }; });
}

void add_convert(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<ConvertOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = root.add_subcommand("convert", "a Hugging Face folder as a GGUF file, or the other way");
  command->footer(
      "Example: malmoi convert runs/first/model first.gguf\n"
      "         malmoi convert first.gguf folder --dtype f32");
  command->add_option("FROM", o->from, "model folder, .gguf file, or a name in $MALMOI_HOME")->required();
  command->add_option("TO", o->to, "what ends in .gguf is a file of that format, else a folder")->required();
  command->add_option("--type", o->type, "of a .gguf file's matrices (default: as they are stored)");
  add_choice(*command, "--dtype", o->dtype, {{"f32", DType::kF32}, {"bf16", DType::kBF16}, {"f16", DType::kF16}},
             "of a folder's weights: f32, bf16 (default) or f16");
  add_json_flag(*command, *json);
  add_threads_option(*command);
  command->callback(
      [&invocation, o, json] { invocation.run = [&invocation, o, json] { return convert(*o, *json, invocation); }; });
}

}  // namespace malmoi::cli
