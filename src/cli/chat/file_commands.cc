// /save and /load.
#include <cstdlib>
#include <utility>

#include "app/use/chat_record.h"
#include "base/counted.h"
#include "base/json.h"
#include "cli/chat/commands.h"

namespace malmoi::cli {
namespace {

// As a shell would have it, which is not there to do it.
Path path_of(const std::string& words) {
  const char* home = std::getenv("HOME");
  return home && words.starts_with("~/") ? Path(home) / words.substr(2) : Path(words);
}

std::string messages_in(const std::vector<chat::Message>& messages) { return counted(messages.size(), "message"); }

}  // namespace

Status save_chat(CommandContext& context, const std::string& words) {
  const Path file = path_of(words);
  // A name that is typed wrong must not cost another file.
  if (malmoi::exists(file) && !app::read_chat_record(file).ok())
    return usage_error("is there already, and holds no conversation", file.string(), "give another name");
  const app::ChatRecord record{context.model, context.chat.messages()};
  MALMOI_TRY(write_file(file, dump_json(app::to_json(record), 2) + "\n"));
  context.tell("saved " + messages_in(record.messages) + " in " + file.string());
  return {};
}

Status load_chat(CommandContext& context, const std::string& words) {
  const Path file = path_of(words);
  MALMOI_ASSIGN(app::ChatRecord record, app::read_chat_record(file));
  const bool waits = !record.messages.empty() && record.messages.back().role == "user";
  std::string told = "loaded " + messages_in(record.messages) + " of " + file.string();
  if (!record.model.empty() && record.model != context.model) told += ", a conversation with " + record.model;
  if (Status replaced = context.chat.replace(std::move(record.messages)); !replaced.ok()) {
    Error error = std::move(replaced).error();
    error.where = file.string() + (error.where.empty() ? "" : ": ") + error.where;
    return error;
  }
  context.tell(told);
  if (waits) context.tell("the last message has no answer yet: /retry answers it");
  return {};
}

}  // namespace malmoi::cli
