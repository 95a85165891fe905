// `malmoi data preview`.
#include <unistd.h>

#include <memory>

#include <fmt/format.h>

#include "app/train/chat_preview.h"
#include "cli/command.h"

namespace malmoi::cli {
namespace {

struct PreviewCommand {
  Path config;
  std::vector<std::string> overrides;
  bool json = false;
};

Status run_preview(const PreviewCommand& o, const Terminal& terminal) {
  MALMOI_ASSIGN(ConfigDocument document, read_config(o.config));
  for (const std::string& assignment : o.overrides) MALMOI_TRY(override_config(document, assignment));
  MALMOI_ASSIGN(const app::ChatPreview preview, app::preview_chats(document, terminal.job()));
  if (o.json) print_json(to_json(preview));
  else fmt::print("{}", app::preview_text(preview, ::isatty(STDOUT_FILENO) != 0));
  return {};
}

}  // namespace

void add_data_preview(CLI::App& data, Invocation& invocation) {
  auto o = std::make_shared<PreviewCommand>();
  CLI::App* command =
      data.add_subcommand("preview", "conversations as a model would learn them, and what does not fit");
  command->footer(
      "What is learned is green on a terminal, and between « and » elsewhere. Nothing is trained or written.\n"
      "Example: malmoi data preview chat.yaml");
  command->add_option("config", o->config, "training configuration (YAML) with data.format: chat")->required();
  command->add_option("--set", o->overrides, "override a key: a.b=value (may be repeated)");
  add_json_flag(*command, o->json);
  add_threads_option(*command);
  command->callback(
      [&invocation, o] { invocation.run = [&invocation, o] { return run_preview(*o, invocation.terminal); }; });
}

}  // namespace malmoi::cli
