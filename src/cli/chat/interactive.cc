#include "cli/chat/interactive.h"

#include <cstdio>
#include <optional>

#include <fmt/format.h>

#include "cli/chat/commands.h"
#include "cli/chat/history_file.h"
#include "cli/chat/line_editor.h"
#include "cli/chat/message_lines.h"
#include "cli/chat/speaker.h"

namespace malmoi::cli {
namespace {

constexpr const char* kPrompt = "> ";
constexpr const char* kPromptOfMore = ". ";

// What is typed, entry by entry, with its history.
class Typed {
 public:
  Typed(app::Chat& chat, Terminal& terminal)
      : terminal_(terminal),
        editor_(terminal.job().stop, [&chat](const std::string& before,
                                             const std::string& word) { return complete_command(chat, before, word); }),
        history_(history_path()) {
    for (const std::string& entry : history_.read()) editor_.remember(entry);
  }

  /// None: there will be no more.
  std::optional<Entry> next() {
    while (true) {
      LineEditor::Line line = editor_.read(lines_.begun() ? kPromptOfMore : kPrompt);
      if (terminal_.terminated() || line.end == LineEditor::End::kInput) return {};
      if (line.end == LineEditor::End::kStop) {
        terminal_.go_on();
        lines_.drop();
        continue;
      }
      if (!lines_.add(line.text)) continue;
      Entry entry = lines_.take();
      if (entry.kind == Entry::Kind::kNothing) continue;
      keep(entry.typed);
      return entry;
    }
  }

 private:
  void keep(const std::string& typed) {
    editor_.remember(typed);
    if (!keeps_) return;
    Status kept = history_.add(typed);
    keeps_ = kept.ok();
    if (!keeps_) terminal_.job().warn("what is typed is not remembered: " + kept.error().to_string());
  }

  Terminal& terminal_;
  LineEditor editor_;
  HistoryFile history_;
  MessageLines lines_;
  bool keeps_ = true;
};

}  // namespace

Status chat_at_terminal(app::Chat& chat, const app::LoadedModel& loaded, const std::string& model, Terminal& terminal) {
  const Job& job = terminal.job();
  fmt::print(stderr, "Type a message; /help shows commands. Ctrl-C stops an answer, Ctrl-D ends.\n");
  Speaker speaker(chat, terminal, true);
  CommandContext context{chat, model, job.message, [&] { return speaker.retry(); }};
  Typed typed(chat, terminal);
  while (std::optional<Entry> entry = context.ended ? std::nullopt : typed.next()) {
    const bool command = entry->kind == Entry::Kind::kCommand;
    if (!command) app::warn_of_unknown(*loaded.tokenizer, entry->text, job.warn);
    Status done = command ? run_command(context, entry->text) : speaker.say(entry->text);
    if (terminal.terminated()) break;
    if (!done.ok()) job.message(done.error().to_string());
  }
  return terminal.terminated() ? job.stop.check() : Status();
}

}  // namespace malmoi::cli
