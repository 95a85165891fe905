// `malmoi generate`.
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "app/use/generate.h"
#include "base/cancel.h"
#include "base/log.h"
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

void print_table(const char* title, const Json& rows, const char* key) {
  fmt::print("{}\n", title);
  for (const Json& row : rows) {
    double p = row["probability"].get<double>();
    fmt::print("  {:6.2f} %  {}\n", 100 * p, dump_json(row[key]));
  }
}

Status continue_ids(const Options& o) {
  if (!o.ids_out) return usage_error("--ids needs --ids-out", "generate", "name the .npy file to write");
  MALMOI_ASSIGN(Path folder, app::find_model(o.model));
  return app::generate_ids({.model = folder,
                            .ids = *o.ids,
                            .out = *o.ids_out,
                            .mask = o.mask,
                            .max_tokens = o.generate.max_tokens,
                            .sampling = o.generate.sampling,
                            .ignore_eos = o.generate.ignore_eos,
                            .dtype = o.dtype});
}

// Text on the terminal: the prompt first, once it is known to be a good one.
Status print_text(const app::LoadedModel& loaded, const app::GenerateOptions& generate) {
  bool begun = false;
  auto show = [&](const std::string& text) {
    if (!std::exchange(begun, true)) fmt::print("{}", generate.prompt);
    fmt::print("{}", text);
    std::fflush(stdout);
  };
  MALMOI_ASSIGN(Json result, app::generate(loaded, generate, show));
  show("\n");
  log_info(fmt::format("{} tokens, {:.1f} tokens/s, {}", result["generated_tokens"].get<int64_t>(),
                       result["tokens_per_second"].get<double>(), result["finish_reason"].get<std::string>()));
  if (stop_requested()) return Error{ErrorCode::kCancelled, "stopped", "", "the text so far stands above"};
  return {};
}

Status run_generate(Options& o) {
  MALMOI_TRY(o.generate.sampling.check());
  if (o.ids) return continue_ids(o);
  if (!o.prompt) return usage_error("there is nothing to continue", "generate", "give --prompt TEXT or --ids FILE.npy");
  if (o.ids_out || o.mask) return usage_error("--ids-out and --mask belong to --ids", "generate", "name the ids, too");
  o.generate.prompt = *o.prompt;
  MALMOI_ASSIGN(app::LoadedModel loaded, app::load_for_generation(o.model, o.dtype));
  Json next;
  if (o.generate.top_probabilities > 0) {
    MALMOI_ASSIGN(next, app::next_probabilities(loaded, o.generate.prompt, o.generate.top_probabilities));
  }
  if (!o.json) {
    if (!next.is_null()) {
      print_table("next tokens", next["tokens"], "token");
      print_table("next words", next["words"], "word");
      fmt::print("\n");
    }
    return print_text(loaded, o.generate);
  }
  MALMOI_ASSIGN(Json result, app::generate(loaded, o.generate, nullptr));
  if (!next.is_null()) result["next"] = std::move(next);
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
  command->callback([&invocation, o] { invocation.run = [o] { return run_generate(*o); }; });
}

}  // namespace malmoi::cli
