// `malmoi quantize` and `malmoi convert`.
#include "app/compress/convert.h"

#include "cli/command.h"

namespace malmoi::cli {
namespace {

constexpr int kNameWidth = 18;

Status run_quantize(const app::QuantizeOptions& options, bool json, Invocation& invocation) {
  auto report = app::quantize_model(options, invocation.terminal.job());
  invocation.terminal.finish();
  return print_report(report, json, kNameWidth);
}

Status run_convert(const app::ConvertOptions& options, bool json, Invocation& invocation) {
  auto report = app::convert_model(options, invocation.terminal.job());
  invocation.terminal.finish();
  if (!report.ok()) return report.error();
  if (*report) print_fields(to_json(**report), json, kNameWidth);
  else if (json) print_json({{"out", options.to.string()}});
  return {};
}

}  // namespace

void add_quantize(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<app::QuantizeOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = root.add_subcommand("quantize", "a model in fewer bits, as a GGUF file");
  command->footer(
      "Example: malmoi quantize --model runs/first/model --type q4_k_m --out first.gguf\n"
      "         malmoi quantize --model big.gguf --type q4_0 --calibrate texts.txt --measure held-out.txt --out "
      "small.gguf");
  command->add_option("--model", o->model, "model folder, .gguf file, or a name in $MALMOI_HOME")->required();
  command->add_option("--type", o->type, app::gguf_type_names())->required();
  command->add_option("--out", o->out, "the .gguf file to write")->required();
  command->add_option("--tensor", o->tensors,
                      "PATTERN=TYPE: matrices whose name matches get another type; may be repeated");
  command->add_option("--calibrate", o->calibration,
                      "a text that shows which columns count most, or what llama-imatrix wrote (.imatrix, .gguf)");
  command->add_option("--measure", o->measure, "a text: perplexity before and after, divergence");
  add_json_flag(*command, *json);
  add_threads_option(*command);
  command->callback([&invocation, o, json] {
    invocation.run = [&invocation, o, json] { return run_quantize(*o, *json, invocation); };
  });
}

void add_convert(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<app::ConvertOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = root.add_subcommand("convert", "a Hugging Face folder as a GGUF file, or the other way");
  command->footer(
      "Example: malmoi convert runs/first/model first.gguf\n"
      "         malmoi convert first.gguf folder --dtype f32");
  command->add_option("FROM", o->from, "model folder, .gguf file, or a name in $MALMOI_HOME")->required();
  command->add_option("TO", o->to, "what ends in .gguf is a file of that format, else a folder")->required();
  command->add_option("--type", o->type, "of a .gguf file's matrices (default: as they are stored)");
  add_choice<std::optional<DType>>(*command, "--dtype", o->dtype,
                                   {{"f32", DType::kF32}, {"bf16", DType::kBF16}, {"f16", DType::kF16}},
                                   "of a folder's weights: f32, bf16 (default) or f16");
  add_json_flag(*command, *json);
  add_threads_option(*command);
  command->callback([&invocation, o, json] {
    invocation.run = [&invocation, o, json] { return run_convert(*o, *json, invocation); };
  });
}

}  // namespace malmoi::cli
