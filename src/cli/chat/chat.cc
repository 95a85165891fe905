// `malmoi chat`.
#include <unistd.h>

#include <iostream>

#include <fmt/format.h>

#include "app/use/chat.h"
#include "cli/chat/interactive.h"
#include "cli/chat/speaker.h"
#include "cli/command.h"
#include "cli/constraint_options.h"
#include "cli/draft_options.h"
#include "cli/load_options.h"
#include "cli/sampling_options.h"

namespace malmoi::cli {
namespace {

// An answer ends by itself as a rule; this is where one that does not is cut off.
constexpr int64_t kAnswerTokens = 1024;

struct ChatCommand {
  std::string model;
  app::ChatOptions chat;
  app::GenerateOptions generate{.max_tokens = kAnswerTokens};
  app::LoadChoice load;
  app::DraftOptions draft;
  app::ConstraintOptions constraint;
  const CLI::App* command = nullptr;  // tells what was given
};

// What was not given follows from the model's folder, but for a search by beams: an answer is one text, shown as it comes.
Result<app::GenerateOptions> complete_options(const ChatCommand& o, const app::LoadedModel& loaded, const Warn& warn) {
  app::GenerateOptions options = o.generate;
  MALMOI_TRY(app::complete_options(loaded, given_in(*o.command), {}, options, warn));
  options.answers.beams = 1;
  options.answers.n_best = 1;
  return options;
}

// A message a line, whatever it begins with.
Status chat_by_lines(app::Chat& chat, const app::LoadedModel& loaded, Terminal& terminal) {
  const Job& job = terminal.job();
  Speaker speaker(chat, terminal, false);
  std::string line;
  while (std::getline(std::cin, line) && !job.stop.requested()) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) continue;
    app::warn_of_unknown(*loaded.tokenizer, line, job.warn);
    MALMOI_TRY(speaker.say(line));
  }
  return job.stop.check("", "");
}

Status run_chat(ChatCommand& o, Terminal& terminal) {
  const Job& job = terminal.job();
  MALMOI_TRY(o.generate.sampling.check());
  MALMOI_ASSIGN(o.generate.constraint, app::read_constraint(o.constraint));
  MALMOI_ASSIGN(app::LoadedModel loaded, app::load_for_generation(o.model, o.load, job));
  MALMOI_ASSIGN(o.generate.drafter, app::open_drafter(o.draft, loaded, o.load.dtype, app::default_draft_bytes(), job));
  MALMOI_ASSIGN(app::GenerateOptions options, complete_options(o, loaded, job.warn));
  MALMOI_ASSIGN(app::Chat chat, app::Chat::start(loaded, o.chat, std::move(options)));
  MALMOI_TRY(job.stop.check("", ""));
  const bool interactive = ::isatty(STDIN_FILENO) != 0 && ::isatty(STDERR_FILENO) != 0;
  return interactive ? chat_at_terminal(chat, loaded, o.model, terminal) : chat_by_lines(chat, loaded, terminal);
}

}  // namespace

void add_chat(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<ChatCommand>();
  CLI::App* command = root.add_subcommand("chat", "talk with a model, turn by turn");
  o->command = command;
  command->footer(
      "On a terminal: edited lines with a history, and commands (/help shows them); else a message a line from "
      "standard\n"
      "input.\n"
      "Example: malmoi chat --model runs/first/model --system 'Answer in one sentence.'");
  command->add_option("--model", o->model, "model folder, or a name in $MALMOI_HOME")->required();
  command->add_option("--system", o->chat.system, "what the model is told beforehand");
  add_chat_template_option(*command, o->chat.chat_template);
  add_sampling_options(*command, o->generate);
  add_adapter_option(*command, o->load.adapters);
  add_load_options(*command, o->load);
  add_key_type_option(*command, o->generate.keys);
  add_draft_options(*command, o->draft);
  add_constraint_options(*command, o->constraint);
  add_threads_option(*command);
  command->callback(
      [&invocation, o] { invocation.run = [&invocation, o] { return run_chat(*o, invocation.terminal); }; });
}

}  // namespace malmoi::cli
