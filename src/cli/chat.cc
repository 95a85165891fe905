// `malmoi chat`.
#include "app/use/chat.h"

#include <unistd.h>

#include <iostream>

#include <fmt/format.h>

#include "base/shown.h"
#include "cli/command.h"
#include "cli/sampling_options.h"

namespace malmoi::cli {
namespace {

struct Options {
  std::string model;
  app::ChatOptions chat;
  app::GenerateOptions generate;
  std::vector<Path> adapters;
  DType dtype = DType::kBF16;
};

// The next message; on a terminal an empty line ends the conversation.
bool read_message(bool interactive, const Job& job, std::string& line) {
  if (interactive) fmt::print(stderr, "> ");
  if (!std::getline(std::cin, line) || job.stop.requested()) {
    if (interactive) fmt::print(stderr, "\n");
    return false;
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return !interactive || !line.empty();
}

Status run_chat(const Options& o, Terminal& terminal) {
  const Job& job = terminal.job();
  MALMOI_TRY(o.generate.sampling.check());
  MALMOI_ASSIGN(app::LoadedModel loaded, app::load_for_generation(o.model, {o.dtype, o.adapters}, job));
  MALMOI_ASSIGN(app::Chat chat, app::Chat::start(loaded, o.chat, o.generate));
  const bool interactive = ::isatty(STDIN_FILENO) != 0, watched = interactive && ::isatty(STDERR_FILENO) != 0;
  if (interactive) fmt::print(stderr, "Type a message. Ctrl-C stops an answer; an empty line or Ctrl-D ends.\n");
  std::string line;
  int64_t forgotten = 0;
  while (read_message(interactive, job, line)) {
    if (line.empty()) continue;
    auto show = [](const std::string& text) {
      fmt::print("{}", for_stdout(text));
      std::fflush(stdout);
    };
    app::warn_of_unknown(*loaded.tokenizer, line, job.warn);
    // Thoughts are for who watches: dim, beside the output.
    auto muse = [&](const std::string& text) {
      if (watched) fmt::print(stderr, "\033[2m{}\033[0m", show_controls(text, Shown::kAsText));
    };
    auto answer = chat.say(line, show, job.stop, muse);
    if (!answer.ok() && !interactive) return answer.error();
    if (!answer.ok()) job.warn(answer.error().to_string());
    else fmt::print("\n");
    if (chat.forgotten() > std::exchange(forgotten, chat.forgotten()))
      job.message("the context is full: the oldest turns are forgotten");
    if (!terminal.stopped()) continue;
    if (!interactive) return Error{ErrorCode::kCancelled, "stopped", "", ""};
    terminal.go_on();
  }
  return {};
}

}  // namespace

void add_chat(CLI::App& root, Invocation& invocation) {
  auto o = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand("chat", "talk with a model, turn by turn");
  command->footer(
      "A message a line, from the terminal or from standard input.\n"
      "Example: malmoi chat --model runs/first/model --system 'Answer in one sentence.'");
  command->add_option("--model", o->model, "model folder, or a name in $MALMOI_HOME")->required();
  command->add_option("--system", o->chat.system, "what the model is told beforehand");
  command
      ->add_option("--chat-template", o->chat.chat_template,
                   "auto: the model's own, or the plain one where it has none; plain")
      ->check(CLI::IsMember({"auto", "plain"}));
  add_sampling_options(*command, o->generate);
  add_adapter_option(*command, o->adapters);
  add_dtype_option(*command, o->dtype);
  add_threads_option(*command);
  command->callback(
      [&invocation, o] { invocation.run = [&invocation, o] { return run_chat(*o, invocation.terminal); }; });
}

}  // namespace malmoi::cli
