// `malmoi generate`.
#include <unistd.h>

#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "base/counted.h"
#include "app/use/generate.h"
#include "app/use/prompt_file.h"
#include "cli/command.h"
#include "cli/constraint_options.h"
#include "cli/draft_options.h"
#include "cli/load_options.h"
#include "cli/sampling_options.h"

namespace malmoi::cli {
namespace {

struct GenerateCommand {
  std::string model;
  std::optional<std::string> prompt, prompt_file;
  std::optional<Path> ids, mask, ids_out;
  app::NamedTokens tokens;
  app::GenerateOptions generate;
  bool json = false;
  app::LoadChoice load;
  app::DraftOptions draft;
  app::ConstraintOptions constraint;
  const CLI::App* command = nullptr;  // tells what was given
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

// What is done to texts, or through them, is not done to ids.
Status refuse_options_of_texts(const app::Given& given) {
  for (const char* name : {"prompt", "prompt-file", "stop", "dry-sequence-breaker", "top-probabilities", "draft-model",
                           "prompt-lookup", "json-object", "json-schema", "regex", "grammar"}) {
    if (given(name)) return usage_error("is for texts, not for --ids", "--" + std::string(name), "leave it out");
  }
  return {};
}

// Raw: what the folder says of generation holds where beams are searched, else what was given alone.
Status continue_ids(GenerateCommand& o, const Job& job) {
  const app::Given given = given_in(*o.command);
  if (!o.ids_out) return usage_error("--ids needs --ids-out", "generate", "name the .npy file to write");
  MALMOI_TRY(refuse_options_of_texts(given));
  MALMOI_ASSIGN(Path folder, app::find_model(o.model, job.message));
  MALMOI_TRY(app::complete_for_ids(folder, given, o.tokens, o.generate, job.warn));
  MALMOI_ASSIGN(app::AnswerScores scores, app::generate_ids({.model = folder,
                                                             .ids = *o.ids,
                                                             .out = *o.ids_out,
                                                             .mask = o.mask,
                                                             .max_tokens = o.generate.max_tokens,
                                                             .sampling = o.generate.sampling,
                                                             .answers = o.generate.answers,
                                                             .ignore_eos = o.generate.ignore_eos,
                                                             .load = o.load,
                                                             .warn = job.warn}));
  if (o.json) print_json({{"ids", o.ids_out->string()}, {"scores", scores}});
  return {};
}

// Text on the terminal: the prompt first, once it is known to be a good one; the answer of an encoder-decoder by itself.
Status show_text(const app::LoadedModel& loaded, const app::GenerateOptions& generate, const Job& job) {
  const bool several = generate.answers.n_best > 1;
  bool begun = several || app::answers_texts(loaded);
  auto show = [&](const std::string& text) {
    if (!std::exchange(begun, true)) fmt::print("{}", for_stdout(generate.prompt));
    fmt::print("{}", for_stdout(text));
    std::fflush(stdout);
  };
  auto nothing = [](const std::string&) {};
  MALMOI_ASSIGN(app::Generated result, several ? app::generate(loaded, generate, nothing, job.stop)
                                               : app::generate(loaded, generate, show, job.stop));
  if (!several) show("\n");
  for (const app::Generated::Answer& answer : result.answers) {
    if (several) fmt::print("{:.4f}\t{}\n", answer.score, for_stdout(answer.text));
  }
  job.message(fmt::format("{}, {:.1f} tokens/s, {}", counted(static_cast<uint64_t>(result.generated_tokens), "token"),
                          result.tokens_per_second(), result.finish_reason));
  return job.stop.check("", "the text so far stands above");
}

// As it was given, from a file, or from a pipe where neither is named.
Result<std::string> prompt_of(const GenerateCommand& o) {
  if (o.prompt && o.prompt_file) return usage_error("there are two prompts", "generate", "leave one of them out");
  if (o.prompt) return *o.prompt;
  if (o.prompt_file) return app::read_prompt(*o.prompt_file);
  std::string text;
  if (::isatty(STDIN_FILENO) == 0) {
    MALMOI_ASSIGN(text, app::read_prompt("-"));
  }
  if (!text.empty()) return text;
  return usage_error("there is nothing to continue", "generate",
                     "give --prompt TEXT, --prompt-file FILE, a text on standard input, or --ids FILE.npy");
}

Status run_generate(GenerateCommand& o, const Job& job) {
  MALMOI_TRY(o.generate.sampling.check());
  if (o.ids) return continue_ids(o, job);
  if (o.ids_out || o.mask) return usage_error("--ids-out and --mask belong to --ids", "generate", "name the ids, too");
  MALMOI_ASSIGN(o.generate.prompt, prompt_of(o));
  MALMOI_ASSIGN(o.generate.constraint, app::read_constraint(o.constraint));
  MALMOI_ASSIGN(app::LoadedModel loaded, app::load_for_generation(o.model, o.load, job));
  MALMOI_ASSIGN(o.generate.drafter, app::open_drafter(o.draft, loaded, o.load.dtype, app::default_draft_bytes(), job));
  MALMOI_TRY(app::complete_options(loaded, given_in(*o.command), o.tokens, o.generate, job.warn));
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

constexpr int64_t kMostBeams = 1000;

void add_answer_options(CLI::App& command, GenerateCommand& o) {
  app::AnswerOptions& answers = o.generate.answers;
  command
      .add_option("--beams", answers.beams, "search the most probable texts, keeping so many of each length; 1: draw")
      ->check(CLI::Range(int64_t{1}, kMostBeams));
  command.add_option("--n-best", answers.n_best, "answers to show: of the beams, or drawn apart")
      ->check(CLI::Range(int64_t{1}, kMostBeams));
  command.add_option("--length-penalty", answers.length_penalty,
                     "with beams: scores are log p / length^X; above 0 favours longer ones");
  add_choice<infer::EarlyStopping>(command, "--early-stopping", answers.early_stopping,
                                   {{"false", infer::EarlyStopping::kNo},
                                    {"true", infer::EarlyStopping::kYes},
                                    {"never", infer::EarlyStopping::kNever}},
                                   "with beams: whether the first finished answers end the search");
  command
      .add_option("--no-repeat-ngram", answers.rules.no_repeat_ngram_size,
                  "so many tokens in a row come once at the most; 0: however often")
      ->check(CLI::Range(int64_t{0}, INT64_MAX));
  command.add_option("--min-tokens", answers.rules.min_new_tokens, "the answer does not end before so many")
      ->check(CLI::Range(int64_t{0}, INT64_MAX));
  command.add_option("--forced-bos", o.tokens.forced_bos,
                     "the token (or its id) that an answer's text begins with: a language");
  command.add_option("--answer-start", o.tokens.answer_start,
                     "the token (or its id) that the decoder of an encoder-decoder begins with");
}

}  // namespace

void add_generate(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<GenerateCommand>();
  CLI::App* command = root.add_subcommand("generate", "continue a text, or answer one (translate, summarise)");
  o->command = command;
  command->footer(
      "What is not given follows from the model's generation_config.json.\n"
      "Example: malmoi generate --model runs/first/model --prompt '오늘 날씨가 너무' --top-probabilities 5");
  command->add_option("--model", o->model, "model folder, or a name in $MALMOI_HOME")->required();
  command->add_option("--prompt", o->prompt, "the text to continue; of an encoder-decoder, the text it answers");
  command->add_option("--prompt-file", o->prompt_file, "the same from a file; - and a pipe: from standard input");
  command->add_option("--ids", o->ids, "instead of a prompt: i32 [B,T] .npy, continued raw");
  command->add_option("--mask", o->mask, "with --ids: 0 marks padding");
  command->add_option("--ids-out", o->ids_out, "with --ids: where i32 [B,T+N] goes");
  add_sampling_options(*command, o->generate);
  add_answer_options(*command, *o);
  command
      ->add_option("--top-probabilities", o->generate.top_probabilities,
                   "show the K most probable next tokens and words")
      ->check(CLI::Range(0, 1000));
  add_adapter_option(*command, o->load.adapters);
  add_load_options(*command, o->load);
  add_key_type_option(*command, o->generate.keys);
  add_draft_options(*command, o->draft);
  add_constraint_options(*command, o->constraint);
  add_json_flag(*command, o->json);
  add_threads_option(*command);
  command->callback(
      [&invocation, o] { invocation.run = [&invocation, o] { return run_generate(*o, invocation.terminal.job()); }; });
}

}  // namespace malmoi::cli
