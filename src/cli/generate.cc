// `malmoi generate` and `malmoi chat`.
#include <unistd.h>

#include <iostream>

#include <fmt/format.h>

#include "app/generate.h"
#include "base/log.h"
#include "cli/command.h"

namespace malmoi::cli {
namespace {

struct Options {
  std::string model;
  std::optional<Path> ids, mask, ids_out;
  app::GenerateOptions generate;
  bool json = false;
  DType dtype = DType::kBF16;
};

void add_sampling(CLI::App& command, app::GenerateOptions& o) {
  command.add_option("--max-tokens", o.max_tokens, "tokens to generate at the most")->check(CLI::NonNegativeNumber);
  command.add_option("--temperature", o.sampling.temperature, "0: always the most probable");
  command.add_option("--top-k", o.sampling.top_k, "keep the k most probable; 0: all");
  command.add_option("--top-p", o.sampling.top_p, "keep the fewest that reach this probability");
  command.add_option("--min-p", o.sampling.min_p, "keep those of at least this share of the largest");
  command.add_option("--repetition-penalty", o.sampling.repetition_penalty,
                     "above 1: tokens already in the text become less likely");
  command.add_option("--seed", o.sampling.seed, "of the draws");
  command.add_option("--stop", o.stop, "a text that ends the answer (may be repeated)");
  command.add_flag("--ignore-eos", o.ignore_eos, "go on after the end of text");
}

void print_table(const char* title, const Json& rows, const char* key) {
  fmt::print("{}\n", title);
  for (const Json& row : rows) {
    double p = row["probability"].get<double>();
    fmt::print("  {:6.2f} %  {}\n", 100 * p, dump_json(row[key]));
  }
}

Status run_generate(Options& o) {
  if (o.ids) {
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
  MALMOI_ASSIGN(app::LoadedModel loaded, app::load_for_generation(o.model, o.dtype));
  Json report = Json::object();
  if (o.generate.top_probabilities > 0) {
    MALMOI_ASSIGN(report, app::next_probabilities(loaded, o.generate.prompt, o.generate.top_probabilities));
    if (!o.json) {
      print_table("next tokens", report["tokens"], "token");
      print_table("next words", report["words"], "word");
      fmt::print("\n");
    }
  }
  if (!o.json) fmt::print("{}", o.generate.prompt);
  std::fflush(stdout);
  MALMOI_ASSIGN(Json result, app::generate(loaded, o.generate, [&](const std::string& text) {
                  if (o.json) return;
                  fmt::print("{}", text);
                  std::fflush(stdout);
                }));
  if (!o.json) {
    fmt::print("\n");
    log_info(fmt::format("{} tokens, {:.1f} tokens/s, {}", result["generated_tokens"].get<int64_t>(),
                         result["tokens_per_second"].get<double>(), result["finish_reason"].get<std::string>()));
    return {};
  }
  if (!report.empty()) result["next"] = std::move(report);
  print_json(result);
  return {};
}

// A plain conversation: without a template of its own a model continues "user:" and "assistant:" turns.
Status run_chat(Options& o) {
  MALMOI_ASSIGN(app::LoadedModel loaded, app::load_for_generation(o.model, o.dtype));
  std::string history, line;
  bool terminal = ::isatty(STDIN_FILENO) != 0;
  if (terminal) fmt::print(stderr, "Type a message; an empty line or Ctrl-D ends.\n");
  while (true) {
    if (terminal) fmt::print(stderr, "> ");
    if (!std::getline(std::cin, line) || (terminal && line.empty())) return {};
    history += "user: " + line + "\nassistant:";
    app::GenerateOptions turn = o.generate;
    turn.prompt = history;
    turn.stop.push_back("\nuser:");
    MALMOI_ASSIGN(Json result, app::generate(loaded, turn, [](const std::string& text) {
                    fmt::print("{}", text);
                    std::fflush(stdout);
                  }));
    fmt::print("\n");
    history += result["text"].get<std::string>() + "\n";
  }
}

}  // namespace

void add_generate(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand("generate", "continue a text");
  command->footer(
      "Example: malmoi generate --model runs/first/model --prompt '오늘 날씨가 너무' --top-probabilities 5");
  command->add_option("--model", o->model, "model folder, or a name in $MALMOI_HOME")->required();
  command->add_option("--prompt", o->generate.prompt, "the text to continue");
  command->add_option("--ids", o->ids, "instead of a prompt: i32 [B,T] .npy, continued raw");
  command->add_option("--mask", o->mask, "with --ids: 0 marks padding");
  command->add_option("--ids-out", o->ids_out, "with --ids: where i32 [B,T+N] goes");
  add_sampling(*command, o->generate);
  command
      ->add_option("--top-probabilities", o->generate.top_probabilities,
                   "show the K most probable next tokens and words")
      ->check(CLI::Range(0, 1000));
  add_dtype_option(*command, o->dtype);
  add_json_flag(*command, o->json);
  add_threads_option(*command);
  command->callback([&invocation, o] { invocation.run = [o] { return run_generate(*o); }; });
}

void add_chat(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand("chat", "talk with a model, turn by turn");
  command->footer("Example: malmoi chat --model runs/first/model");
  command->add_option("--model", o->model, "model folder, or a name in $MALMOI_HOME")->required();
  add_sampling(*command, o->generate);
  add_dtype_option(*command, o->dtype);
  add_threads_option(*command);
  command->callback([&invocation, o] { invocation.run = [o] { return run_chat(*o); }; });
}

}  // namespace malmoi::cli
