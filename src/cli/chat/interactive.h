// A chat with somebody at a terminal: edited lines, commands, answers that Ctrl-C stops.
#pragma once

#include <string>

#include "app/use/chat.h"
#include "cli/terminal.h"

namespace malmoi::cli {

/// Until /exit, Ctrl-D or SIGTERM. `model`: as it was asked for. Errors: SIGTERM alone; others are shown, and the chat goes on.
Status chat_at_terminal(app::Chat& chat, const app::LoadedModel& loaded, const std::string& model, Terminal& terminal);

}  // namespace malmoi::cli
