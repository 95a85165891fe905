// The commands that change or count turns.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/counted.h"
#include "cli/chat/commands.h"

namespace malmoi::cli {

Status retry_answer(CommandContext& context, const std::string&) {
  const auto& sampling = context.chat.options().sampling;
  if (sampling.temperature == 0 || sampling.top_k == 1)
    context.tell("the most probable token is always taken: the answer will be the same (/set temperature)");
  return context.answer_again();
}

Status undo_turn(CommandContext& context, const std::string&) {
  const std::optional<std::string> message = context.chat.undo();
  if (!message) return usage_error("there is no message to take back");
  context.tell("taken back: " + *message);
  return {};
}

Status clear_turns(CommandContext& context, const std::string&) {
  context.chat.clear();
  context.tell("all turns are forgotten");
  return {};
}

Status system_text(CommandContext& context, const std::string& words) {
  if (!words.empty()) MALMOI_TRY(context.chat.set_system(words == "\"\"" ? "" : words));
  const std::string text = context.chat.system();
  context.tell(text.empty() ? "the model is told nothing beforehand" : "system: " + text);
  return {};
}

Status count_tokens(CommandContext& context, const std::string&) {
  MALMOI_ASSIGN(app::ChatSize size, context.chat.size());
  const int64_t left = std::max<int64_t>(0, size.context - size.tokens);
  const double share = 100.0 * static_cast<double>(left) / static_cast<double>(std::max<int64_t>(1, size.context));
  context.tell(fmt::format("{} in {}; the context has {}, {:.1f} % of it is left",
                           counted(static_cast<uint64_t>(size.tokens), "token"),
                           counted(context.chat.messages().size(), "message"), size.context, share));
  return {};
}

}  // namespace malmoi::cli
