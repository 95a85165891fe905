// `malmoi generate`.
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "base/counted.h"
#include "app/use/generate.h"
#include "cli/command.h"
#include "cli/sampling_options.h"

namespace malmoi::cli {
namespace {

struct Options {
  std::string model;
  std::optional<std::string> prompt;
  std::optional<Path> ids, mask, ids_out;
  app::GenerateOptions generate;
  bool json = false;
  DType dtype = DType::kBF16;
};

void print_next(const app::NextReport& next) {
  fmt::print("next tokens\n");
  for (const app::TokenChance& token : next.tokens)
    fmt::print("  {:6.2f} %  {}\n", 100 * token.probability(), for_stdout(dump_json(token.bytes)));
  fmt::print("next words\n");
  for (const infer::NextWord& word : next.words)
    fmt::print("  {:6.2f} %  {}\n", 100 * word.probability, for_stdout(dump_json(word.word)));
  fmt::print("\n");
}

Status continue_ids(const Options& o, const Job& job) {
  if (!o.ids_out) return usage_error("--ids needs --ids-out", "generate", "name the .npy file to write");
  MALMOI_ASSIGN(Path folder, app::find_model(o.model, job.message));
  return app::generate_ids({.model = folder,
                            .ids = *o.ids,
                            .out = *o.ids_out,
                            .mask = o.mask,
                            .max_tokens = o.generate.max_tokens,
                            .sampling = o.generate.sampling,
                            .ignore_eos = o.generate.ignore_eos,
                            .dtype = o.dtype,
                            .warn = job.warn});
}

// Text on the terminal: the prompt first, once it is known to be a good one.
Status show_text(const app::LoadedModel& loaded, const app::GenerateOptions& generate, const Job& job) {
  bool begun = false;
  auto show = [&](const std::string& text) {
    if (!std::exchange(begun, true)) fmt::print("{}", for_stdout(generate.prompt));
    fmt::print("{}", for_stdout(text));
    std::fflush(stdout);
  };
  MALMOI_ASSIGN(app::Generated result, app::generate(loaded, generate, show, job.stop));
  show("\n");
  job.message(fmt::format("{}, {:.1f} tokens/s, {}", counted(static_cast<uint64_t>(result.generated_tokens), "token"),
                          result.tokens_per_second(), result.finish_reason));
  return job.stop.check("", "the text so far stands above");
}

Status run_generate(Options& o, const Job& job) {
  MALMOI_TRY(o.generate.sampling.check());
  if (o.ids) return continue_ids(o, job);
  if (!o.prompt) return usage_error("there is nothing to continue", "generate", "give --prompt TEXT or --ids FILE.npy");
  if (o.ids_out || o.mask) return usage_error("--ids-out and --mask belong to --ids", "generate", "name the ids, too");
  o.generate.prompt = *o.prompt;
  MALMOI_ASSIGN(app::LoadedModel loaded, app::load_for_generation(o.model, o.dtype, job));
  app::warn_of_unknown(*loaded.tokenizer, o.generate.prompt, job.warn);
  std::optional<app::NextReport> next;
  if (o.generate.top_probabilities > 0) {
    MALMOI_ASSIGN(next, app::next_probabilities(loaded, o.generate.prompt, o.generate.top_probabilities));
  }
  if (!o.json) {
    if (next) print_next(*next);
    return show_text(loaded, o.generate, job);
  }
  MALMOI_ASSIGN(app::Generated generated, app::generate(loaded, o.generate, nullptr, job.stop));
  Json result = to_json(generated);
  if (next) result["next"] = to_json(*next);
  print_json(result);
  return {};
}

}  // namespace

void add_generate(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand("generate", "continue a text");
  command->footer(
      "Example: malmoi generate --model runs/first/model --prompt '오늘 날씨가 너무' --top-probabilities 5");
  command->add_option("--model", o->model, "model folder, or a name in $MALMOI_HOME")->required();
  command->add_option("--prompt", o->prompt, "the text to continue");
  command->add_option("--ids", o->ids, "instead of a prompt: i32 [B,T] .npy, continued raw");
  command->add_option("--mask", o->mask, "with --ids: 0 marks padding");
  command->add_option("--ids-out", o->ids_out, "with --ids: where i32 [B,T+N] goes");
  add_sampling_options(*command, o->generate);
  command
      ->add_option("--top-probabilities", o->generate.top_probabilities,
                   "show the K most probable next tokens and words")
      ->check(CLI::Range(0, 1000));
  add_dtype_option(*command, o->dtype);
  add_json_flag(*command, o->json);
  add_threads_option(*command);
  command->callback(
      [&invocation, o] { invocation.run = [&invocation, o] { return run_generate(*o, invocation.terminal.job()); }; });
}

}  // namespace malmoi::cli
