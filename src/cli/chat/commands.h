// What a line with a slash does in a chat: one table, an entry a command.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/use/chat.h"
#include "base/error.h"
#include "base/job.h"
#include "cli/chat/line_editor.h"

namespace malmoi::cli {

/// What commands work on.
struct CommandContext {
  app::Chat& chat;
  std::string model;                     // as it was asked for
  Message tell;                          // lines for who reads
  std::function<Status()> answer_again;  // shows another answer to the last message
  bool ended = false;                    // once the conversation is to end
};

struct ChatCommand {
  enum class Takes : uint8_t { kNothing, kWords, kFile, kSetting };
  std::string_view name;  // without the slash
  Takes takes;
  std::string_view words;  // what stands behind it, as help shows it
  std::string_view what;   // that it does
  /// `words`: what stands behind the name, without space around it; empty where it takes nothing.
  Status (*run)(CommandContext& context, const std::string& words);
};

/// In the order of /help.
std::span<const ChatCommand> chat_commands();

/// Runs a line that begins with a slash. Errors: an unknown command, with the nearest one; those of the command, after which
/// the conversation is as it was.
Status run_command(CommandContext& context, const std::string& line);

/// What the word at the end of a line may become: a command, a setting, a file.
Completion complete_command(const app::Chat& chat, const std::string& before, const std::string& word);

// The commands that stand in files of their own.
Status save_chat(CommandContext& context, const std::string& words);  // file_commands.cc
Status load_chat(CommandContext& context, const std::string& words);
Status retry_answer(CommandContext& context, const std::string& words);  // turn_commands.cc
Status undo_turn(CommandContext& context, const std::string& words);
Status clear_turns(CommandContext& context, const std::string& words);
Status system_text(CommandContext& context, const std::string& words);
Status set_option(CommandContext& context, const std::string& words);    // settings.cc
Status count_tokens(CommandContext& context, const std::string& words);  // turn_commands.cc

}  // namespace malmoi::cli
