#include "cli/chat/commands.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/config.h"
#include "cli/chat/settings.h"

namespace malmoi::cli {
namespace {

using Takes = ChatCommand::Takes;

Status end_chat(CommandContext& context, const std::string&) {
  context.ended = true;
  return {};
}

Status show_help(CommandContext& context, const std::string&) {
  for (const ChatCommand& command : chat_commands()) {
    const std::string form = fmt::format("/{} {}", command.name, command.words);
    context.tell(fmt::format("  {:<22}{}", form, command.what));
  }
  context.tell("A \\ at its end joins the next line; \"\"\" opens and closes many lines.");
  context.tell("A message that begins with / is written with //.");
  context.tell("Ctrl-C stops an answer, Ctrl-D ends the chat.");
  return {};
}

constexpr ChatCommand kCommands[] = {
    {"help", Takes::kNothing, "", "shows this", show_help},
    {"save", Takes::kFile, "FILE", "writes the conversation as JSON", save_chat},
    {"load", Takes::kFile, "FILE", "goes on with a saved one, or with OpenAI's messages", load_chat},
    {"retry", Takes::kNothing, "", "answers the last message again, by another draw", retry_answer},
    {"undo", Takes::kNothing, "", "takes the last message and its answer back", undo_turn},
    {"clear", Takes::kNothing, "", "forgets all turns; what /system says stays", clear_turns},
    {"system", Takes::kWords, "[TEXT]", "what the model is told beforehand; \"\" for nothing", system_text},
    {"set", Takes::kSetting, "[NAME [VALUE]]", "shows or changes how answers are drawn", set_option},
    {"tokens", Takes::kNothing, "", "how much of the context is used", count_tokens},
    {"exit", Takes::kNothing, "", "ends the chat", end_chat},
    {"quit", Takes::kNothing, "", "the same", end_chat},
};

constexpr std::string_view kSpace = " \t\n";

std::string trimmed(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  return std::string(text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin));
}

const ChatCommand* find_command(std::string_view name) {
  auto found = std::ranges::find(chat_commands(), name, &ChatCommand::name);
  return found == chat_commands().end() ? nullptr : &*found;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const ChatCommand& command : chat_commands()) names.push_back("/" + std::string(command.name));
  return names;
}

Error unknown_command(const std::string& name) {
  const std::string near = nearest_word(name, command_names());
  return usage_error(
      "there is no command " + name, "",
      near.empty() ? "/help shows all; a message that begins with / is written with //" : "did you mean " + near + "?");
}

}  // namespace

std::span<const ChatCommand> chat_commands() { return kCommands; }

Status run_command(CommandContext& context, const std::string& line) {
  const size_t end = std::min(line.find_first_of(kSpace), line.size());
  const std::string name = line.substr(0, end), words = trimmed(std::string_view(line).substr(end));
  const ChatCommand* command = find_command(std::string_view(name).substr(1));
  if (!command) return unknown_command(name);
  if (command->takes == Takes::kNothing && !words.empty())
    return usage_error(name + " takes nothing behind it", "", "leave '" + words + "' out");
  if (command->takes == Takes::kFile && words.empty()) return usage_error("a file is missing", "", name + " FILE");
  return command->run(context, words);
}

Completion complete_command(const app::Chat& chat, const std::string& before, const std::string& word) {
  std::vector<std::string> candidates;
  if (before.empty()) {
    if (word.starts_with('/')) candidates = command_names();
  } else if (before.starts_with('/')) {
    const ChatCommand* command = find_command(trimmed(before).substr(1));
    if (!command) return {};
    if (command->takes == Takes::kFile) return {.files = true};
    if (command->takes == Takes::kSetting) {
      for (const Setting& setting : settings_of(chat.options())) candidates.push_back(setting.name);
    }
  }
  std::erase_if(candidates, [&](const std::string& candidate) { return !candidate.starts_with(word); });
  return {.words = std::move(candidates)};
}

}  // namespace malmoi::cli
