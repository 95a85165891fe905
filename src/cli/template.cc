// `malmoi template`: what chat templates make of conversations.
#include <memory>
#include <optional>
#include <string>

#include "app/data/json_lines.h"
#include "app/use/template_render.h"
#include "cli/command.h"

namespace malmoi::cli {
namespace {

struct RenderCommand {
  std::optional<Path> file;
  std::string requests = "-";
  bool jsonl = false;
};

Status run_render(const RenderCommand& o) {
  MALMOI_ASSIGN(app::TemplateLines lines, app::TemplateLines::open(o.file));
  MALMOI_ASSIGN(app::RawLines requests, app::RawLines::open(o.requests));
  app::LineSink out = stdout_lines();
  std::string_view line;
  while (true) {
    MALMOI_ASSIGN(bool more, requests.next(line));
    if (!more) return {};
    MALMOI_TRY(out(lines.answer(line)));
  }
}

void add_render(CLI::App& parent, Invocation& invocation) {
  auto o = std::make_shared<RenderCommand>();
  CLI::App* command = parent.add_subcommand("render", "the text of each conversation, as the model reads it");
  command->footer(
      "A request a line: an object with messages, and tools, documents, add_generation_prompt, template, strftime_now "
      "or any\n"
      "variable of the template. The answer: an object with text and spans (of {% generation %} blocks), or error.\n"
      "Example: echo '{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}' | malmoi template render --template "
      "chat_template.jinja --jsonl");
  command->add_option("--template", o->file,
                      "a chat_template.jinja or tokenizer_config.json; requests may bring their own");
  command->add_flag("--jsonl", o->jsonl, "requests and answers are JSON lines (the one form that there is)")
      ->required();
  command->add_option("file", o->requests, "requests (default: standard input)");
  command->callback([&invocation, o] { invocation.run = [o] { return run_render(*o); }; });
}

}  // namespace

void add_template(CLI::App& root, Invocation& invocation) {
  CLI::App* group = root.add_subcommand("template", "what chat templates make of conversations");
  group->require_subcommand(1);
  group->footer("Example: malmoi template render --template model/tokenizer_config.json --jsonl requests.jsonl");
  add_render(*group, invocation);
}

}  // namespace malmoi::cli
