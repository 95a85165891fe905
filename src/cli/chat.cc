// `malmoi chat`.
#include "app/use/chat.h"

#include <unistd.h>

#include <iostream>

#include <fmt/format.h>

#include "base/cancel.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/sampling_options.h"

namespace malmoi::cli {
namespace {

struct Options {
  std::string model;
  app::ChatOptions chat;
  app::GenerateOptions generate;
  DType dtype = DType::kBF16;
};

// The next message; on a terminal an empty line ends the conversation.
bool read_message(bool terminal, std::string& line) {
  if (terminal) fmt::print(stderr, "> ");
  if (!std::getline(std::cin, line) || stop_requested()) {
    if (terminal) fmt::print(stderr, "\n");
    return false;
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return !terminal || !line.empty();
}

Status run_chat(const Options& o) {
  MALMOI_TRY(o.generate.sampling.check());
  MALMOI_ASSIGN(app::LoadedModel loaded, app::load_for_generation(o.model, o.dtype));
  MALMOI_ASSIGN(app::Chat chat, app::Chat::start(loaded, o.chat, o.generate));
  bool terminal = ::isatty(STDIN_FILENO) != 0;
  if (terminal) fmt::print(stderr, "Type a message. Ctrl-C stops an answer; an empty line or Ctrl-D ends.\n");
  std::string line;
  int64_t forgotten = 0;
  while (read_message(terminal, line)) {
    if (line.empty()) continue;
    auto answer = chat.say(line, [](const std::string& text) {
      fmt::print("{}", text);
      std::fflush(stdout);
    });
    if (!answer.ok() && !terminal) return answer.error();
    if (!answer.ok()) log_warning(answer.error().to_string());
    else fmt::print("\n");
    if (chat.forgotten() > std::exchange(forgotten, chat.forgotten()))
      log_info("the context is full: the oldest turns are forgotten");
    if (!stop_requested()) continue;
    if (!terminal) return Error{ErrorCode::kCancelled, "stopped", "", ""};
    request_stop(false);
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
  add_dtype_option(*command, o->dtype);
  add_threads_option(*command);
  command->callback([&invocation, o] { invocation.run = [o] { return run_chat(*o); }; });
}

}  // namespace malmoi::cli
